"""A-05: the connection dies during COMMIT; each key is looked up, so that a 250 stands for exactly one row."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from gateway.store import inbound
from gateway.store.opening import open_store
from tests.conftest import own_database, settings_in
from tests.store.test_accept import arriving

pytestmark = [pytest.mark.p1, pytest.mark.postgres]


class Proxy:
    """Between gateway and server: after `arm`, the next COMMITs are cut, before or after the server sees them."""

    def __init__(self, socket_path: str, *, forwards: bool) -> None:
        self._path, self._forwards, self.armed, self.cut = socket_path, forwards, 0, 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_unix_connection(self._path)
        down = asyncio.ensure_future(_pump(up_reader, writer))
        while data := await reader.read(65536):
            if self.armed and b"COMMIT" in data:
                self.armed -= 1
                self.cut += 1
                down.cancel()
                await asyncio.gather(down, return_exceptions=True)
                if self._forwards:
                    up_writer.write(data)
                    await up_writer.drain()
                    await up_reader.read(100)  # the server has committed; nobody is told
                break
            up_writer.write(data)
        writer.transport.abort()
        up_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def _proxied(postgres: str, *, forwards: bool) -> AsyncIterator[tuple[Proxy, str]]:
    for own in own_database(postgres):
        url = make_url(own)
        host = str(url.query.get("host") or url.host)
        port = url.port or 5432
        proxy = Proxy(f"{host}/.s.PGSQL.{port}", forwards=forwards)
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        through = url.set(host="127.0.0.1", port=server.sockets[0].getsockname()[1], query={})
        yield proxy, through.render_as_string(hide_password=False)
        server.close()


@pytest.mark.parametrize(("forwards", "batch"), [(True, 1), (False, 1), (True, 8), (False, 8)])
async def test_A05_every_250_has_exactly_one_row(tmp_path: Path, postgres: str, forwards: bool, batch: int) -> None:
    async with _proxied(postgres, forwards=forwards) as (proxy, url):
        store = await asyncio.to_thread(open_store, settings_in(tmp_path, url))
        for first in range(0, 40, batch):
            proxy.armed = 1 if first % 16 == 0 else 0
            mails = [arriving(b"mail %d" % n, seed=n) for n in range(first, first + batch)]
            receipts = await asyncio.gather(*(store.accept(mail) for mail in mails))
            assert not any(receipt.duplicate for receipt in receipts)
        numbers = await store.read(inbound.account)
        await asyncio.to_thread(store.close)
    assert proxy.cut >= 2
    assert numbers == {"received": 40, "pending": 40}

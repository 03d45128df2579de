"""One event posted to a real HTTPS server: what is sent, what counts as taken, what is never reached."""

import asyncio
import contextlib
import hmac
import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

import pytest

from gateway.outgoing.webhook import Answer, Way, is_public, post, signature
from tests.outgoing.peers import certificate, client_tls, server_tls

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass
class Endpoint:
    """A server that answers every request with the same octets."""

    answer: bytes
    port: int = 0
    requests: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            assert length is not None
            self.requests.append(head + await reader.readexactly(int(length[1])))
            writer.write(self.answer)
            await writer.drain()
            if self.answer:
                writer.close()
            else:
                await reader.read()


@contextlib.asynccontextmanager
async def endpoint(answer: bytes, files: tuple[Path, Path]) -> AsyncIterator[Endpoint]:
    found = Endpoint(answer)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0, ssl=server_tls(*files))
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


async def posted(answer: bytes, files: tuple[Path, Path], seconds: float = 5) -> tuple[Answer, Endpoint]:
    async with endpoint(answer, files) as found:
        way = Way(client_tls(files[0]), lambda address: address.is_loopback, seconds)
        url = f"https://localhost:{found.port}/hook?team=1"
        return await post(url, b'{"id":"w-1"}', {"X-Mailwicket-Signature": "t=1,v1=ab"}, way), found


@pytest.mark.parametrize(("answer", "said", "taken"), [
    # what the endpoint answers, what is kept of it, whether it took the event
    (OK, "HTTP 204", True),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP 200", True),
    (b"HTTP/1.0 202 \r\n\r\n", "HTTP 202", True),                            # a reason may be empty
    (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, "HTTP 204", True),
    (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK, "HTTP 204", True),
    (b"HTTP/1.1 100 Continue\r\n\r\n" * 9 + OK, "no answer in HTTP/1.1", False),
    (b"HTTP/1.1 302 Found\r\nLocation: https://localhost/\r\n\r\n", "HTTP 302", False),   # not followed
    (b"HTTP/1.1 500 Internal Server Error\r\n\r\n", "HTTP 500", False),
    (b"HTTP/2 200\r\n\r\n", "no answer in HTTP/1.1", False),
    (b"hello\r\n", "no answer in HTTP/1.1", False),
    (b"HTTP/1.1 200 " + b"x" * 100_000, "ValueError", False),                # a line without an end
])  # fmt: skip
async def test_what_an_endpoint_answers(answer: bytes, said: str, taken: bool, files: tuple[Path, Path]) -> None:
    found, _ = await posted(answer, files)
    assert (found.said.startswith(said), found.taken) == (True, taken)


async def test_the_request_is_one_post_with_its_length_and_signature(files: tuple[Path, Path]) -> None:
    _, there = await posted(OK, files)
    (request,) = there.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert body == b'{"id":"w-1"}'
    assert head.decode().split("\r\n") == [
        "POST /hook?team=1 HTTP/1.1", f"Host: localhost:{there.port}", "Content-Type: application/json",
        "Content-Length: 12", "X-Mailwicket-Signature: t=1,v1=ab", "Connection: close",
    ]  # fmt: skip


async def test_an_endpoint_that_says_nothing_costs_no_more_than_the_deadline(files: tuple[Path, Path]) -> None:
    found, _ = await posted(b"", files, seconds=0.2)
    assert found == Answer("no answer within 0.2 s")


async def test_a_certificate_that_nobody_vouches_for_ends_it(files: tuple[Path, Path]) -> None:
    async with endpoint(OK, files) as there:
        found = await post(f"https://localhost:{there.port}/", b"{}", {}, Way(client_tls(), lambda address: True))
        assert (found, there.requests) == (Answer("TLS: CERTIFICATE_VERIFY_FAILED"), [])


async def test_a_name_that_leads_inside_is_not_connected_to(files: tuple[Path, Path]) -> None:
    async with endpoint(OK, files) as there:
        for host in ("localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f.1"):
            found = await post(f"https://{host}:{there.port}/", b"{}", {}, Way(client_tls(files[0]), is_public))
            assert not found.taken
        assert there.requests == []


@pytest.mark.parametrize(("address", "public"), [
    ("93.184.215.14", True), ("2606:2800:21f:cb07::1", True),
    ("127.0.0.1", False), ("10.0.0.1", False), ("172.16.9.9", False), ("192.168.1.1", False), ("100.64.0.1", False),
    ("169.254.169.254", False),                                       # where clouds keep credentials
    ("0.0.0.0", False),  # noqa: S104  (a row, nothing listens)
    ("255.255.255.255", False), ("224.0.0.1", False), ("240.0.0.1", False), ("192.0.2.1", False),
    ("::1", False), ("::", False), ("fe80::1", False), ("fd00::1", False), ("ff02::1", False),
    ("::ffff:10.0.0.1", False), ("::ffff:93.184.215.14", True),       # IPv4 in IPv6
    ("2002:0a00:0001::", False), ("64:ff9b::a00:1", False), ("2001:0:0:0:0:0:f5ff:fffe", False),
])  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


def test_a_signature_is_over_the_time_and_the_body() -> None:
    expected = hmac.new(b"key", b'1700000000.{"a":1}', sha256).hexdigest()
    assert signature("key", b'{"a":1}', 1_700_000_000) == f"t=1700000000,v1={expected}"

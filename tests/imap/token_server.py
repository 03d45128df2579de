"""A token server: keeps what it is asked, answers what a test says."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl

from tests.outgoing.peers import free_port


class TokenServer:
    """Answers in order; the last one again and again."""

    def __init__(self, *answers: tuple[int, dict[str, object]]) -> None:
        self.answers, self.port = list(answers), free_port()
        self.asked: list[tuple[str, dict[str, str]]] = []  # path, fields
        self.raw: bytes | None = None  # instead of an answer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["TokenServer"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line[15:]) for line in request.splitlines() if line.lower().startswith("content-length:"))
        self.asked.append((request.split(" ")[1], dict(parse_qsl((await reader.readexactly(length)).decode()))))
        status, said = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        body = json.dumps(said).encode()
        head = f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\nLocation: {self.url}/else\r\n\r\n"
        writer.write(self.raw if self.raw is not None else head.encode() + body)
        await writer.drain()
        writer.close()

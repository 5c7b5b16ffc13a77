"""A real HTTP server on loopback that gives a key set as a test wishes, and counts who came."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Self


class JwksServer:
    """Answers each request with `status`, `headers` and `body`; while `gate` is not set, it keeps everybody waiting."""

    def __init__(self, jwks: Mapping[str, Any]) -> None:
        """Begin with a good answer."""
        self.hits = 0
        self.status = 200
        self.headers: dict[str, str] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrived = asyncio.Event()
        self.publish(jwks)

    def publish(self, jwks: Mapping[str, Any] | bytes) -> None:
        """Answer with this from now on."""
        self.body = jwks if isinstance(jwks, bytes) else json.dumps(jwks).encode()

    @property
    def url(self) -> str:
        """The address of the key set."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/keys"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.gate.set()
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.hits += 1
            self.arrived.set()
            await self.gate.wait()
            headers = {"content-length": str(len(self.body)), "connection": "close"} | self.headers
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            writer.write(f"HTTP/1.1 {self.status} Answer\r\n{lines}\r\n".encode() + self.body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


class HandClock:
    """A clock that moves only when it is told to; serves as `clock` for keys and verifiers."""

    def __init__(self, seconds: float = 0.0) -> None:
        """Begin at `seconds`."""
        self.seconds = seconds

    def __call__(self) -> float:
        """Give the time."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds

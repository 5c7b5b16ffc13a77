"""uvicorn's HTTP protocol with bounds that it lacks: on headers (bytes, number, time) and on callers that do not read.

Chosen by measurement (README, decisions): as fast as granian, smaller in memory, refuses ambiguous lengths; without
these bounds it would wait for a header for ever and take one of any size.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.http.problems import HttpError, to_reply
from app.http.shield import SECURITY_HEADERS

HEADERS_MAX_BYTES = 32_768  # a token of 8 KiB, an address of 16 KiB, and what browsers and proxies add
HEADERS_MAX = 100
HEADERS_SECONDS = 10.0
DISCARD_SECONDS = 1.0
WRITE_SECONDS = 20.0  # in which a caller must read what waits for it


class _RefusedError(Exception):
    """Ends the parsing; the parser tells it as a bad request."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    head_seconds = HEADERS_SECONDS
    write_seconds = WRITE_SECONDS
    _head_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _head_is_complete = False
    _too_large = False
    _is_refused = False

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - as the base class
        """Begin, and wait for the first request only so long."""
        super().connection_made(transport)
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes before the end of the headers, since the parser keeps all of it."""
        if self._is_refused:
            return
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_is_complete or self._is_refused:
            return
        if self._head_bytes > HEADERS_MAX_BYTES:
            self._too_large = True
            self.send_400_response("")
        elif self._head_timer is None:  # most heads come in one piece, and need no timer
            self._start_head_timer()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._head_is_complete = False

    def on_headers_complete(self) -> None:
        """Go on to the request unless its headers are too many."""
        self._head_is_complete = True
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > HEADERS_MAX_BYTES or len(self.headers) > HEADERS_MAX:
            self._too_large = True
            raise _RefusedError
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request; the next bytes are a new one's."""
        super().on_message_complete()
        self._head_bytes = 0

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, or too much of it, in the shape of our other refusals, and hang up."""
        if self._too_large:
            limit = {"limit": "header bytes", "maximum": HEADERS_MAX_BYTES}
            reply = to_reply(HttpError(431, "The headers are too large.", None, **limit))
        else:
            reply = to_reply(HttpError(400, msg))
        head = [b"HTTP/1.1 431 Request Header Fields Too Large" if self._too_large else b"HTTP/1.1 400 Bad Request"]
        head += [name + b": " + value for name, value in SECURITY_HEADERS]
        head += [b"content-type: application/json; charset=utf-8", b"connection: close"]
        head += [b"content-length: %d" % len(reply.content)]
        self.transport.write(b"\r\n".join(head) + b"\r\n\r\n" + reply.content)
        self._is_refused = True
        self._stop_timers()
        self.transport.write_eof()  # what is still under way is let in, unkept: hung up on, a caller reads no answer
        self._head_timer = self.loop.call_later(DISCARD_SECONDS, self.transport.close)

    def shutdown(self) -> None:
        """Let a running operation finish; an event stream, which has no end of its own, is ended."""
        cycle = self.cycle
        if cycle is not None and cycle.response_started and not cycle.response_complete and cycle.chunked_encoding:
            self.transport.close()
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """Wait for a slow reader, but not for ever."""
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(self.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self.transport.close)

    def _stop_timers(self) -> None:
        for timer in (self._head_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        self._head_timer = self._write_timer = None

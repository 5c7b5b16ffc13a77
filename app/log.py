"""Structured logs, one JSON object a line.

Holds operation name, role, request id, outcome, duration; never variables, tokens or data. Exceptions are logged by
type and place only, since their texts may quote what was stored.
"""

import asyncio
import atexit
import logging
import sys
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson
import structlog


def configure_logging(level: str) -> None:
    """Send structured lines of `level` and above to standard error."""
    structlog.configure(
        processors=[_render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=lambda *_: GatheredLines(sys.stderr),
        cache_logger_on_first_use=True,
    )


class GatheredLines:
    """Writes lines in one go every tenth of a second: a write per call would hold up every caller of the loop.

    A warning or an error goes out at once, with what waits before it; so does every line where no loop runs.
    """

    def __init__(self, stream: TextIO) -> None:
        """Write to `stream`."""
        self._stream = stream
        self._lines: list[str] = []
        self._flushing: asyncio.AbstractEventLoop | None = None  # that has a flush to come
        atexit.register(self.flush)

    def info(self, line: str) -> None:
        """Take a line that may wait."""
        self._lines.append(line)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        if loop is not self._flushing:  # another one may have ended before its flush
            loop.call_later(GATHER_SECONDS, self.flush)
            self._flushing = loop

    def warning(self, line: str) -> None:
        """Take a line that may not wait."""
        self._lines.append(line)
        self.flush()

    debug = msg = log = info
    error = critical = fatal = exception = warn = failure = err = warning

    def flush(self) -> None:
        """Write what waits."""
        self._flushing = None
        if self._lines:
            lines, self._lines = self._lines, []
            self._stream.write("\n".join(lines) + "\n")
            self._stream.flush()


GATHER_SECONDS = 0.1


def _render(_: object, level: str, event: MutableMapping[str, Any]) -> str:
    """Return the line of an event: one step for what structlog does in three, since each call pays for it."""
    line = {"timestamp": datetime.now(UTC), "level": level, **event}
    return orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z).decode()


def describe_exception(error: BaseException) -> dict[str, object]:
    """Return what a log may say of an exception: its types down the chain and the innermost places, no texts."""
    types: list[str] = []
    current: BaseException | None = error
    while current is not None and len(types) < 5:  # noqa: PLR2004 - five causes tell enough
        types.append(type(current).__qualname__)
        current = current.__cause__ or current.__context__
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return {"error": " <- ".join(types), "at": [f"{frame.name}:{frame.lineno}" for frame in frames]}


log = structlog.get_logger()

"""Structured logs, one JSON object a line.

Holds operation name, role, request id, outcome, duration; never variables, tokens or data. Exceptions are logged by
type and place only, since their texts may quote what was stored.
"""

import logging
import sys
import traceback

import orjson
import structlog


def configure_logging(level: str) -> None:
    """Send structured lines of `level` and above to standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(serializer=_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _to_json(event: object, **_: object) -> str:
    return orjson.dumps(event, default=str).decode()


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

"""The one door through which errors leave.

`AppError`s and what GraphQL itself finds wrong in a request go out with a code; a database that is away is `UNAVAILABLE`;
everything else becomes `INTERNAL` with the request id, and the log has its type and place, never its text.
"""

from typing import Any

from graphql import GraphQLError

from app.database.client import AWAY_ERRORS, TIMEOUT_ERRORS
from app.errors import AppError, ErrorCode, unavailable
from app.log import describe_exception, log


def format_error(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """Return the wire form of an error that arose while a field was resolved."""
    public = to_public(error.original_error, request_id) if error.original_error is not None else None
    formatted: dict[str, Any] = {"message": public.message if public else error.message}
    if error.locations:
        formatted["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        formatted["path"] = error.path
    code = public.code if public else (error.extensions or {}).get("code", ErrorCode.BAD_USER_INPUT)
    formatted["extensions"] = {"code": code, **(public.details if public else {})}
    return formatted


def to_public(error: BaseException, request_id: str) -> AppError:
    """Return what a caller may read of any exception."""
    if isinstance(error, GraphQLError) and error.original_error is not None:
        return to_public(error.original_error, request_id)
    if isinstance(error, AppError):
        return error
    if isinstance(error, GraphQLError):
        return AppError(ErrorCode.BAD_USER_INPUT, error.message)
    if isinstance(error, AWAY_ERRORS):
        log.warning("database_away", request_id=request_id, **describe_exception(error))
        return unavailable()
    if isinstance(error, (*TIMEOUT_ERRORS, TimeoutError)):
        log.warning("operation_timed_out", request_id=request_id, **describe_exception(error))
        return unavailable("The operation took longer than it may. Ask for less, or try again shortly.")
    log.error("unexpected", request_id=request_id, **describe_exception(error))
    message = "Something went wrong on our side. Quote the request id to support."
    return AppError(ErrorCode.INTERNAL, message, requestId=request_id)

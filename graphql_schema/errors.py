"""The one door through which errors leave.

`AppError`s and what GraphQL itself finds wrong in a request go out with a code; a database that is away is
`UNAVAILABLE`; everything else becomes `INTERNAL` with the request id, and the log has its type and place, not its text.
"""

from collections.abc import Iterable
from typing import Any

from graphql import ArgumentNode, GraphQLError, ValueNode

from app.database.client import TIMEOUT_ERRORS, is_away
from app.errors import AppError, ErrorCode, unavailable
from app.log import describe_exception, log


def format_error(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """Return the wire form of an error that arose while a field was resolved."""
    public = to_public(error, request_id)
    formatted: dict[str, Any] = {"message": public.message}
    if error.locations:
        formatted["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        formatted["path"] = error.path
    formatted["extensions"] = {"code": public.code.value, **public.details}
    return formatted


def format_refusals(errors: Iterable[GraphQLError | AppError]) -> list[dict[str, Any]]:
    """Return the wire form of errors that kept an operation from being run; GraphQL's own speak of the document."""
    formatted: list[dict[str, Any]] = []
    for error in errors:
        if isinstance(error, AppError):
            formatted.append({"message": error.message, "extensions": {"code": error.code.value, **error.details}})
            continue
        places = [{"line": place.line, "column": place.column} for place in error.locations or ()]
        found: dict[str, Any] = {
            "message": error.message[:MESSAGE_MAX],
            "extensions": {"code": ErrorCode.BAD_USER_INPUT.value},
        }
        formatted.append({**found, "locations": places} if places else found)
    return formatted


MESSAGE_MAX = 500  # a message may quote a name of the document, which may be as long as the document


def to_public(error: BaseException, request_id: str) -> AppError:
    """Return what a caller may read of any exception."""
    while isinstance(error, GraphQLError) and error.original_error is not None:
        error = error.original_error
    if isinstance(error, AppError):
        return error
    if isinstance(error, GraphQLError) and _is_about_arguments(error):
        return AppError(ErrorCode.BAD_USER_INPUT, error.message[:MESSAGE_MAX])
    if is_away(error):
        log.warning("database_away", request_id=request_id, **describe_exception(error))
        return unavailable()
    if isinstance(error, (*TIMEOUT_ERRORS, TimeoutError)):
        log.warning("operation_timed_out", request_id=request_id, **describe_exception(error))
        return unavailable("The operation took longer than it may. Ask for less, or try again shortly.")
    log.error("unexpected", request_id=request_id, **describe_exception(error))
    message = "Something went wrong on our side. Quote the request id to support."
    return AppError(ErrorCode.INTERNAL, message, requestId=request_id)


def _is_about_arguments(error: GraphQLError) -> bool:
    """Whether the document's own argument is at fault; GraphQL's other sentences may quote what a resolver returned."""
    return isinstance(error.nodes[0] if error.nodes else None, ArgumentNode | ValueNode)

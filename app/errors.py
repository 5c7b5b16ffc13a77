"""The errors that callers may see.

Domains raise `AppError` with a code of design section 8; whatever else escapes is masked at the one door in
`graphql_schema/errors.py`. Messages here never carry a value that the caller sent or that is stored: they name fields.
"""

from enum import StrEnum


class ErrorCode(StrEnum):
    """Codes of `extensions.code`, design section 8."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    SUPPORT_REQUEST_REQUIRED = "SUPPORT_REQUEST_REQUIRED"
    NOT_FOUND = "NOT_FOUND"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    TOO_COMPLEX = "TOO_COMPLEX"
    RATE_LIMITED = "RATE_LIMITED"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class AppError(Exception):
    """A refusal that the caller may read: a code, a sentence, and what it is about."""

    def __init__(self, code: ErrorCode, message: str, **details: object) -> None:
        """Keep the code, the sentence and the details that become `extensions` (`field`, `needs`, ...)."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = {name: value for name, value in details.items() if value is not None}


def bad_input(field: str, expected: str) -> AppError:
    """Return the error for a value that is not what `field` takes; `expected` completes "must ..."."""
    return AppError(ErrorCode.BAD_USER_INPUT, f"{field} must {expected}.", field=field)


def forbidden(field: str, needs: str) -> AppError:
    """Return the refusal of `field`, with the sentence that says what would open it."""
    return AppError(ErrorCode.FORBIDDEN, f"You may not have {field}.", field=field, needs=needs)


def not_found(thing: str) -> AppError:
    """Return the one answer to what does not exist and to what is not the caller's."""
    return AppError(ErrorCode.NOT_FOUND, f"There is no such {thing}.")


def unavailable(message: str = "The database cannot be reached. Try again shortly.") -> AppError:
    """Return the error for a part that is away for now; the caller may send again after the pause."""
    return AppError(ErrorCode.UNAVAILABLE, message, retryAfterSeconds=RETRY_AFTER_SECONDS)


RETRY_AFTER_SECONDS = 2

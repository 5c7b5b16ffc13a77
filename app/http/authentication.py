"""Who is calling: lifts the bearer token out of a request. A bad token is 401, never anonymous."""

from starlette.requests import HTTPConnection

from app.errors import AppError, ErrorCode, unavailable
from app.log import log
from auth.principal import ANONYMOUS, Principal
from auth.tokens import InvalidTokenError, KeysUnavailableError, TokenVerifier


async def authenticate(connection: HTTPConnection, verifier: TokenVerifier, request_id: str) -> Principal:
    """Return the caller; raises `UNAUTHENTICATED` for anything but no token or a good one, `UNAVAILABLE` without keys."""
    values = connection.headers.getlist("authorization")
    if not values:
        return ANONYMOUS
    scheme, _, token = values[0].partition(" ")
    if len(values) > 1 or scheme.lower() != "bearer" or not token:
        raise _refusal("header", request_id)
    try:
        return await verifier.verify(token)
    except KeysUnavailableError:
        log.warning("keys_away", request_id=request_id)
        raise unavailable("The token's issuer cannot be asked for its keys. Try again shortly.") from None
    except InvalidTokenError as error:
        raise _refusal(str(error), request_id) from None


def _refusal(reason: str, request_id: str) -> AppError:
    log.info("token_refused", request_id=request_id, reason=reason)
    return AppError(ErrorCode.UNAUTHENTICATED, "The token is not valid.", requestId=request_id)


def client_address(connection: HTTPConnection, trusted_proxies: int) -> str | None:
    """Return the caller's IP: the peer's, or what the outermost of our own proxies saw."""
    peer = connection.client.host if connection.client else None
    if trusted_proxies == 0:
        return peer
    hops = [hop.strip() for value in connection.headers.getlist("x-forwarded-for") for hop in value.split(",")]
    return hops[-trusted_proxies] if len(hops) >= trusted_proxies else peer

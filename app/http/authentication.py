"""Who is calling: lifts the bearer token out of a request. A bad token is 401, never anonymous; guessing is metered."""

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address

from starlette.types import Scope

from app.errors import AppError, ErrorCode, unavailable
from app.http.heads import header_values
from app.http.places import LIVE_MAX, Places
from app.http.rate import Meters, address_key
from app.log import log
from auth.principal import ANONYMOUS, Principal
from auth.tokens import InvalidTokenError, KeysUnavailableError, TokenVerifier

# How proxies write an address with a port, or an IPv6 one in brackets.
_DRESSED = re.compile(r"\[([^]]+)](?::\d{1,5})?|([^:]+):\d{1,5}")


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Identifies callers and counts their calls, before the token is verified by address and after by caller."""

    verifier: TokenVerifier
    meters: Meters
    trusted_proxies: int
    places: Places = field(default_factory=Places)
    live: Places = field(default_factory=partial(Places, each_max=LIVE_MAX, name="live operations"))

    def address_of(self, scope: Scope) -> str | None:
        """Return the caller's IP address."""
        return client_address(scope, self.trusted_proxies)

    async def identify(self, scope: Scope, request_id: str) -> Principal:
        """Return the caller of a request; raises `UNAUTHENTICATED`, `RATE_LIMITED`, or `UNAVAILABLE` without keys."""
        values = header_values(scope, b"authorization")
        address = self.address_of(scope)
        if not values:
            return await self.admit(None, address, request_id)
        scheme, _, token = values[0].partition(" ")
        if len(values) > 1 or scheme.lower() != "bearer":
            token = ""
        return await self.admit(token, address, request_id)

    async def admit(self, token: str | None, address: str | None, request_id: str) -> Principal:
        """Return the caller that a token proves, nobody for None; counts the call. Raises as `identify`."""
        key = address_key(address)
        if token is None:
            await self.count(ANONYMOUS, address)
            return ANONYMOUS
        principal = self.verifier.recall(token)
        if principal is not None:  # bad tokens from the same address must not shut out a caller who is known
            await self.count(principal, address)
            return principal
        await self.meters.refused.check(key)
        try:
            principal = await authenticate(token, self.verifier, request_id)
        except AppError as error:
            if error.code is ErrorCode.UNAUTHENTICATED:
                await self.meters.refused.count(key)
            raise
        await self.count(principal, address)
        return principal

    async def count(self, principal: Principal, address: str | None) -> None:
        """Count a call, also one on a connection that is open already; raises `RATE_LIMITED`."""
        if principal.is_anonymous:
            await self.meters.anonymous.count(address_key(address))
        else:
            await self.meters.callers.count(principal.subject)

    def hold_place(self, scope: Scope) -> AbstractContextManager[None]:
        """Hold one of the caller's places for open connections for the length of a block; raises `RATE_LIMITED`."""
        return self.places.take(address_key(self.address_of(scope)))

    def hold_live(self, principal: Principal, address: str | None) -> AbstractContextManager[None]:
        """Hold one of the caller's live operations for the length of a block; raises `RATE_LIMITED`."""
        return self.live.take(address_key(address) if principal.is_anonymous else principal.subject)


async def authenticate(token: str, verifier: TokenVerifier, request_id: str) -> Principal:
    """Return the caller that a token proves; raises `UNAUTHENTICATED`, or `UNAVAILABLE` without keys."""
    try:
        return await verifier.verify(token)
    except KeysUnavailableError:
        log.warning("keys_away", request_id=request_id)
        raise unavailable("The keys that prove tokens cannot be reached. Try again shortly.") from None
    except InvalidTokenError as error:
        log.info("token_refused", request_id=request_id, reason=error.reason)
        raise AppError(ErrorCode.UNAUTHENTICATED, "The token is not valid.", requestId=request_id) from None


def client_address(scope: Scope, trusted_proxies: int) -> str | None:
    """Return the caller's IP: the peer's, or what the outermost of our own proxies saw."""
    client = scope.get("client")
    peer: str | None = client[0] if client else None
    if trusted_proxies == 0:
        return peer
    hops = [hop.strip() for value in header_values(scope, b"x-forwarded-for") for hop in value.split(",")]
    if len(hops) < trusted_proxies:
        return peer
    hop = hops[-trusted_proxies]
    dressed = _DRESSED.fullmatch(hop)
    try:
        return str(ip_address((dressed[1] or dressed[2]) if dressed else hop))
    except ValueError:
        return peer

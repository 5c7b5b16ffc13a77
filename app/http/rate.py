"""Meters callers over a sliding minute, in constant memory.

Each process counts for itself unless a shared store is set; then the `limits` library counts there, for all hosts, and
this process goes on alone while that store is away or slow. What is counted stands there under a pseudonym: it is an
address, or a caller. (The library's own memory store walks all keys at each call.)
"""

import asyncio
import inspect
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, cast

from app.errors import AppError, ErrorCode
from app.log import describe_exception, log
from app.settings import Settings

if TYPE_CHECKING:
    from limits.aio.storage import Storage

WINDOW_SECONDS = 60.0
KEYS_MAX = 20_000  # the least lately seen goes first: forgetting a caller only ever gives, never refuses
STORE_SECONDS = 0.25  # that a call waits for the shared store
STORE_PAUSE_SECONDS = 5.0  # in which it is not asked after that
Pseudonym = Callable[[str], str]
IPV6_PREFIX = 64  # what one customer's line has at the least; single addresses are free to change


@lru_cache(maxsize=4_096)
def address_key(address: str | None) -> str:
    """Return what an address is counted under: itself, or the network of an IPv6 one."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    mapped = getattr(parsed, "ipv4_mapped", None)
    if mapped is not None or parsed.version == 4:  # noqa: PLR2004 - IP version 4
        return str(mapped or parsed)
    return str(ip_network((parsed, IPV6_PREFIX), strict=False))


class Windows:
    """Sliding-window counters of this process: this minute's calls, and the last one's by what is left of it."""

    def __init__(self, maximum: int, keys_max: int = KEYS_MAX, clock: Callable[[], float] = time.monotonic) -> None:
        """Allow `maximum` calls a minute of each key."""
        self._maximum = maximum
        self._keys_max = keys_max
        self._clock = clock
        self._counts: OrderedDict[str, tuple[int, int, int]] = OrderedDict()  # window, its count, the count before it

    def __len__(self) -> int:
        return len(self._counts)

    def take(self, key: str, calls: int) -> float:
        """Count `calls` (0 only looks) and return 0.0, or count nothing and return the seconds until a call is free."""
        window, passed = divmod(self._clock(), WINDOW_SECONDS)
        since, count, before = self._counts.get(key, (int(window), 0, 0))
        if since != window:
            count, before = 0, count if since == window - 1 else 0
        left = 1 - passed / WINDOW_SECONDS
        if count + before * left + 1 > self._maximum:
            return self._wait(count, before, passed)
        if calls:
            self._counts[key] = int(window), count + calls, before
            self._counts.move_to_end(key)
            if len(self._counts) > self._keys_max:
                self._counts.popitem(last=False)
        return 0.0

    def _wait(self, count: int, before: int, passed: float) -> float:
        room = self._maximum - 1
        if count <= room:  # when enough of the window before has slid out
            return WINDOW_SECONDS * (1 - (room - count) / before) - passed
        return WINDOW_SECONDS - passed + WINDOW_SECONDS * (1 - room / count)


class RateLimiter:
    """Counts the calls of a key for one purpose."""

    def __init__(self, calls_per_minute: int, purpose: str, shared: "SharedStore | None" = None) -> None:
        """Allow so many calls a minute of each key, together with the other hosts if there is a shared store."""
        self._maximum = calls_per_minute
        self._windows = Windows(calls_per_minute)
        self._shared = None if shared is None else _SharedWindow(shared, calls_per_minute, purpose)

    async def count(self, key: str) -> None:
        """Count a call; raises `RATE_LIMITED` with the seconds to wait."""
        await self._take(key, 1)

    async def check(self, key: str) -> None:
        """Raise as `count` would, but count nothing."""
        await self._take(key, 0)

    async def _take(self, key: str, calls: int) -> None:
        wait = self._windows.take(key, calls)
        if not wait and self._shared is not None:
            wait = await self._shared.take(key, calls)
        if wait:
            raise AppError(
                ErrorCode.RATE_LIMITED,
                f"More than {self._maximum} calls in a minute. Wait before the next.",
                retryAfterSeconds=max(1, math.ceil(wait)),
                limit="calls per minute",
                maximum=self._maximum,
            )


@dataclass(slots=True, eq=False)
class SharedStore:
    """The store that hosts share, under which names they count there, and until when it is left alone."""

    storage: "Storage"
    pseudonym: Pseudonym
    clock: Callable[[], float] = time.monotonic
    away_until: float = 0.0
    is_doubtful: bool = False  # it was away when it was asked last


class _SharedWindow:
    """The window in the shared store; the library is loaded only where there is one: it is 1 MiB of each worker."""

    def __init__(self, store: SharedStore, maximum: int, purpose: str) -> None:
        from limits import RateLimitItemPerMinute  # noqa: PLC0415 - see above
        from limits.aio.strategies import SlidingWindowCounterRateLimiter  # noqa: PLC0415

        self._item = RateLimitItemPerMinute(maximum, namespace=purpose)
        self._window = SlidingWindowCounterRateLimiter(store.storage)
        self._store = store

    async def take(self, key: str, calls: int) -> float:
        """Do as `Windows.take` does; 0.0 while the store is away."""
        store = self._store
        if store.clock() < store.away_until:
            return 0.0
        if store.is_doubtful:  # one caller looks whether it is back, the others go on meanwhile
            store.away_until = store.clock() + STORE_PAUSE_SECONDS
        try:
            async with asyncio.timeout(STORE_SECONDS):
                wait = await self._ask(store.pseudonym(f"meter/{key}"), calls)
        except Exception as error:  # noqa: BLE001 - whatever the store's driver raises: counting alone beats refusing all
            store.away_until, store.is_doubtful = store.clock() + STORE_PAUSE_SECONDS, True
            log.warning("rate_store_away", **describe_exception(error))
            return 0.0
        if store.is_doubtful:
            store.away_until, store.is_doubtful = 0.0, False
        return wait

    async def _ask(self, name: str, calls: int) -> float:
        if await (self._window.hit(self._item, name) if calls else self._window.test(self._item, name)):
            return 0.0
        stats = await self._window.get_window_stats(self._item, name)
        return max(1.0, stats.reset_time - time.time())


@dataclass(frozen=True, slots=True)
class Meters:
    """What is counted: calls without a token and refused tokens by address, calls with a good token by caller."""

    anonymous: RateLimiter
    refused: RateLimiter
    callers: RateLimiter
    shared: SharedStore | None = None

    async def close(self) -> None:
        """Close the connections to the shared store, if there is one."""
        if self.shared is None:
            return
        storage: Any = self.shared.storage
        client = getattr(storage, "bridge", storage).storage  # the library has no word of its own for it
        # Asked of the class: a MongoDB client itself has an attribute for any name, a database.
        name = next((name for name in ("aclose", "close") if hasattr(type(client), name)), None)
        closing = getattr(client, name)() if name else None
        if inspect.isawaitable(closing):
            await closing


def build_meters(settings: Settings, pseudonym: Pseudonym) -> Meters:
    """Return the meters that the settings ask for; in a shared store callers are counted under their `pseudonym`."""
    uri = settings.rate_limit_store.get_secret_value()
    store = SharedStore(_open_store(uri), pseudonym) if uri else None
    return Meters(
        anonymous=RateLimiter(settings.anonymous_calls_per_minute, "anonymous", store),
        refused=RateLimiter(settings.anonymous_calls_per_minute, "refused", store),
        callers=RateLimiter(settings.calls_per_minute, "caller", store),
        shared=store,
    )


def _open_store(uri: str) -> "Storage":
    from limits.storage import storage_from_string  # noqa: PLC0415 - see `_SharedWindow`

    # Motor's threads are the app's too: none may wait for this store longer than its caller does.
    bounds = ("serverSelectionTimeoutMS", "connectTimeoutMS", "socketTimeoutMS", "waitQueueTimeoutMS")
    options: dict[str, Any] = dict.fromkeys(bounds, round(STORE_SECONDS * 1000))
    if uri.startswith("redis"):
        options = {"implementation": "redispy"}
    return cast("Storage", storage_from_string(f"async+{uri}", **options))

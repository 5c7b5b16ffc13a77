"""MongoDB's client encryption under either driver: seals and opens whole batches of values, makes and rewraps keys.

Promises one call for a batch, however many owners are in it, and answers that tell a damaged value from keys that are
away. Which key belongs to whom, and who may open, is left to the vault. Measured for 600 values on two cores: Motor's
own calls hop to a thread for each value, 93 ms; all in one hop 18 ms, which is what is done; PyMongo's async class on
the loop 18 ms, in slices so that others get their turn. Six values: 0.4 ms.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import pymongo
from bson import Binary
from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientEncryption
from pymongo.asynchronous.encryption import AsyncClientEncryption
from pymongo.errors import EncryptionError, PyMongoError
from pymongocrypt.errors import MongoCryptError

from app.database.kms import KeyManagement
from app.database.opening import open_together, open_together_async
from app.errors import unavailable
from app.log import describe_exception, log
from app.settings import SettingsError

RANDOM = "AEAD_AES_256_CBC_HMAC_SHA_512-Random"  # equal values look different
SLICE = 64  # values that the event loop waits for at a time, about 2 ms
THREADS = 4  # of our own, so that a key service that hangs does not hold up Motor's
# What libmongocrypt says when the value itself is at fault; whatever else it says is about keys that cannot be had.
KEY_GONE = "not all keys requested were satisfied"
DAMAGED = "HMAC validation failure"
UNKNOWN_PROVIDER = "is not configured"

Plain = str | bytes
Result = TypeVar("Result")


class Sealer(Protocol):
    """What the vault needs of a driver. Each call raises `UNAVAILABLE` when keys cannot be reached."""

    async def create_key(self, owner: str) -> None:
        """Make a data key named after its owner; raises `DuplicateKeyError` if there is one."""

    async def seal(self, values: Sequence[tuple[Binary, Plain]]) -> list[Binary]:
        """Return each value sealed under the data key of the id beside it."""

    async def open(self, values: Sequence[Binary]) -> list[Any]:
        """Return what was sealed; None where the key is gone or the value is damaged."""

    async def rewrap(self, query: Mapping[str, Any]) -> None:
        """Wrap the data keys that match by the present master key."""

    def forget(self) -> None:
        """Drop all data keys from memory; calls under way end with those that they have."""

    async def close(self) -> None:
        """Release everything."""


def make_sealer(client: Any, namespace: str, kms: KeyManagement, timeout_seconds: float) -> Sealer:  # noqa: ANN401 - two drivers share no base
    """Return the sealer that fits the driver; raises `SettingsError` if the key management is not set up right."""
    kind = MotorSealer if isinstance(client, AsyncIOMotorClient) else AsyncSealer
    try:
        return kind(client, namespace, kms, timeout_seconds)
    except (MongoCryptError, PyMongoError, TypeError, ValueError) as error:
        raise SettingsError(f"KMS_PROVIDER_OPTIONS: the {kms.provider} key service cannot be set up: {error}") from None


class MotorSealer:
    """Seals through Motor's client encryption, one thread hop a batch."""

    def __init__(self, client: Any, namespace: str, kms: KeyManagement, timeout_seconds: float) -> None:  # noqa: ANN401
        """Take Motor's client."""
        self._client, self._namespace, self._kms, self._seconds = client, namespace, kms, timeout_seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="vault")
        self.forget()

    async def create_key(self, owner: str) -> None:
        """Make a data key named after its owner; raises `DuplicateKeyError` if there is one."""
        kms = self._kms

        def create(crypt: Any) -> None:  # noqa: ANN401
            with limited(self._seconds):
                crypt.create_data_key(kms.provider, kms.master_key, [owner])

        await self._run(create)

    async def seal(self, values: Sequence[tuple[Binary, Plain]]) -> list[Binary]:
        """Return each value sealed under the data key of the id beside it."""

        def seal_one(crypt: Any, key: Binary, value: Plain) -> Binary:  # noqa: ANN401 - PyMongo's class is generic
            with limited(self._seconds):
                sealed: Binary = crypt.encrypt(value, RANDOM, key_id=key)
                return sealed

        return await self._run(lambda crypt: [seal_one(crypt, key, value) for key, value in values])

    async def open(self, values: Sequence[Binary]) -> list[Any]:
        """Return what was sealed; None where the key is gone or the value is damaged."""

        def open_one(crypt: Any, value: Binary) -> Any:  # noqa: ANN401 - what was sealed
            with limited(self._seconds):
                try:
                    return crypt.decrypt(value)
                except EncryptionError as error:
                    raise_unless_lost(error)
                    return None

        def open_all(crypt: Any) -> list[Any]:  # noqa: ANN401
            with limited(self._seconds):
                opened = open_together(crypt, values)
            return [open_one(crypt, value) for value in values] if opened is None else opened

        return await self._run(open_all)

    async def rewrap(self, query: Mapping[str, Any]) -> None:
        """Wrap the data keys that match by the present master key."""
        kms = self._kms

        def rewrap(crypt: Any) -> None:  # noqa: ANN401
            with limited(self._seconds):
                crypt.rewrap_many_data_key(query, kms.provider, kms.master_key)

        await self._run(rewrap)

    def forget(self) -> None:
        """Drop all data keys from memory; calls under way end with those that they have."""
        # Not closed: that would pull libmongocrypt's memory away from under a running thread. It frees itself.
        self._encryption: Any = AsyncIOMotorClientEncryption(
            self._kms.providers, self._namespace, self._client, CodecOptions(), kms_tls_options=self._kms.tls
        )

    async def close(self) -> None:
        """Release everything."""
        await asyncio.to_thread(self._threads.shutdown)
        await self._encryption.close()

    async def _run(self, work: Callable[[Any], Result]) -> Result:
        crypt = self._encryption.delegate  # taken now, so that `forget` meanwhile changes nothing
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, crypt)


class AsyncSealer:
    """Seals through PyMongo's own async client encryption."""

    def __init__(self, client: Any, namespace: str, kms: KeyManagement, timeout_seconds: float) -> None:  # noqa: ANN401
        """Take PyMongo's async client."""
        self._client, self._namespace, self._kms, self._seconds = client, namespace, kms, timeout_seconds
        self.forget()

    async def create_key(self, owner: str) -> None:
        """Make a data key named after its owner; raises `DuplicateKeyError` if there is one."""
        with limited(self._seconds):
            await self._encryption.create_data_key(self._kms.provider, self._kms.master_key, [owner])

    async def seal(self, values: Sequence[tuple[Binary, Plain]]) -> list[Binary]:
        """Return each value sealed under the data key of the id beside it."""
        crypt, sealed = self._encryption, []
        for place, (key, value) in enumerate(values, 1):
            with limited(self._seconds):
                sealed.append(await crypt.encrypt(value, RANDOM, key_id=key))
            await _pause(place)
        return sealed

    async def open(self, values: Sequence[Binary]) -> list[Any]:
        """Return what was sealed; None where the key is gone or the value is damaged."""
        crypt = self._encryption
        opened: list[Any] = []
        for start in range(0, len(values), SLICE):
            part = values[start : start + SLICE]
            with limited(self._seconds):
                together = await open_together_async(crypt, part)
            opened += await self._open_each(crypt, part) if together is None else together
            await asyncio.sleep(0)
        return opened

    async def _open_each(self, crypt: Any, values: Sequence[Binary]) -> list[Any]:  # noqa: ANN401
        opened: list[Any] = [None] * len(values)
        for place, value in enumerate(values):
            with limited(self._seconds):
                try:
                    opened[place] = await crypt.decrypt(value)
                except EncryptionError as error:
                    raise_unless_lost(error)
        return opened

    async def rewrap(self, query: Mapping[str, Any]) -> None:
        """Wrap the data keys that match by the present master key."""
        with limited(self._seconds):
            await self._encryption.rewrap_many_data_key(query, self._kms.provider, self._kms.master_key)

    def forget(self) -> None:
        """Drop all data keys from memory; calls under way end with those that they have."""
        self._encryption: AsyncClientEncryption[Any] = AsyncClientEncryption(
            self._kms.providers, self._namespace, self._client, CodecOptions(), kms_tls_options=self._kms.tls
        )

    async def close(self) -> None:
        """Release everything."""
        await self._encryption.close()


async def _pause(place: int) -> None:
    if place % SLICE == 0:
        await asyncio.sleep(0)


def raise_unless_lost(error: EncryptionError) -> None:
    """Raise the error again unless it means that the value's key is gone or that the value is damaged."""
    text = str(error.cause) if isinstance(error.cause, MongoCryptError) else ""
    if DAMAGED in text:
        log.error("sealed_value_damaged")
    elif KEY_GONE not in text:
        raise error


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Give one call that long. Raises the database's own errors, and `UNAVAILABLE` when keys cannot be reached."""
    try:
        with pymongo.timeout(seconds):
            yield
    except EncryptionError as error:
        if isinstance(error.cause, PyMongoError):
            raise error.cause from None
        if UNKNOWN_PROVIDER in str(error.cause):
            log.error("master_key_unknown")
            raise unavailable("Values are sealed under a master key that is not set up here.") from None
        log.warning("keys_away", **describe_exception(error))
        raise unavailable("The key service cannot be reached. Try again shortly.") from None

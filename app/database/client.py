"""The one place that knows which driver it is: Motor, or PyMongo's own async client by setting.

Promises one `Database` whose calls look the same under both, acknowledged by a majority and journalled, with times in
UTC. What collections hold and how they are indexed is told in `validators.py` and `indexes.py`. Only sealing meets the
driver elsewhere (`sealer.py`, `opening.py`), for its encryption is the driver's.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any, cast

from bson.codec_options import CodecOptions
from motor.frameworks.asyncio import run_on_executor
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import AsyncMongoClient
from pymongo.collection import Collection
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteConcernError,
)
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from app.settings import Settings

Document = dict[str, Any]

# What a driver raises while the server is away, restarting or electing: the caller may try again.
AWAY_ERRORS = (
    AutoReconnect,
    ConnectionFailure,
    NetworkTimeout,
    NotPrimaryError,
    WaitQueueTimeoutError,
    WriteConcernError,  # stored, but by too few servers to be called durable
)
_AGAIN_LABELS = ("TransientTransactionError", "UnknownTransactionCommitResult", "RetryableWriteError")
TIMEOUT_ERRORS = (ExecutionTimeout,)

ONE_BATCH_MAX = 200  # rows that MongoDB surely sends at once: the largest have 33 KiB, a batch 16 MiB
_READ_AGAIN_CODES = frozenset({134, 262})  # that a server asks for; others mean the same, and come as `AutoReconnect`

DURABLE = WriteConcern(w="majority", j=True, wtimeout=5_000)
SOCKET_TIMEOUT_MS = 15_000  # above the 10 s of an operation, below what a person waits
POOL_MAX = 64
SECRETS_SUFFIX = "_secrets"


def is_away(error: BaseException) -> bool:
    """Return whether the caller may send the same again: the server is away, or nothing durable is known."""
    by_label = isinstance(error, PyMongoError) and any(map(error.has_error_label, _AGAIN_LABELS))
    by_detail = isinstance(error, BulkWriteError) and bool((error.details or {}).get("writeConcernErrors"))
    return by_label or by_detail or isinstance(error, AWAY_ERRORS)


class Database:
    """One MongoDB database through one client."""

    def __init__(self, client: Any, name: str) -> None:  # noqa: ANN401 - two drivers share no base
        """Take a connected client of either driver."""
        self.client = client
        self._is_motor = isinstance(client, AsyncIOMotorClient)
        self._collections: dict[str, Any] = {}
        self.raw = client.get_database(
            name,
            codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
            # Whatever the address says: a secondary may not know yet that access has ended.
            read_preference=ReadPreference.PRIMARY,
            write_concern=DURABLE,
            read_concern=ReadConcern("local"),
        )

    @property
    def name(self) -> str:
        """The database's name."""
        return str(self.raw.name)

    def __getitem__(self, collection: str) -> Any:  # noqa: ANN401 - two drivers share no base
        """Return the driver's collection object."""
        known = self._collections.get(collection)
        if known is None:
            known = self._collections[collection] = self.raw[collection]
        return known

    @property
    def secrets(self) -> "Database":
        """The database of keys, apart from the data so that a backup of the data holds none of them."""
        return Database(self.client, f"{self.name}{SECRETS_SUFFIX}")

    async def aggregate(
        self, collection: str, pipeline: Sequence[Mapping[str, Any]], **options: object
    ) -> list[Document]:
        """Run an aggregation and return all its documents."""
        cursor = self.raw[collection].aggregate(list(pipeline), **options)
        if not self._is_motor:
            cursor = await cursor
        return list(await cursor.to_list(None))

    async def index_information(self, collection: str) -> Document:
        """Return the indexes of a collection by name."""
        return dict(await self.raw[collection].index_information())

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Any]:
        """Open a client session for the length of the block."""
        started = self.client.start_session()
        session = await started if self._is_motor else started
        async with session:
            yield session

    @asynccontextmanager
    async def watch(
        self, collection: str, pipeline: Sequence[Mapping[str, Any]], **options: object
    ) -> AsyncIterator[Any]:
        """Open a change stream on a collection for the length of the block."""
        watched = self.raw[collection].with_options(read_concern=ReadConcern("majority"))  # the only one that it takes
        stream = watched.watch(list(pipeline), **options)
        if not self._is_motor:
            stream = await stream
        async with stream as changes:
            yield changes

    @property
    def is_away(self) -> bool:
        """Whether no server that takes writes is known at the moment; asks nobody."""
        return not self.client.topology_description.has_writable_server()

    async def ping(self) -> None:
        """Raise one of `AWAY_ERRORS` unless the server answers."""
        await self.raw.command("ping")

    async def close(self) -> None:
        """Close all connections."""
        closing = self.client.close()
        if closing is not None:
            await closing


async def read_at_once(
    collection: Any,  # noqa: ANN401 - two drivers share no base
    codec_options: CodecOptions[Document],
    query: Document,
    projection: Document | None,
    **options: Any,  # noqa: ANN401 - those of `find`
) -> list[Document]:
    """Return the documents that a `find` with these options gives.

    Under Motor in one hop to its threads, and past the driver's cursors where one batch is all: their steps, which
    fetch and hand over, are a sixth of reading a page of 100.
    """
    if not isinstance(collection, AsyncIOMotorCollection):
        found = collection.with_options(codec_options=codec_options).find(query, projection, **options)
        return list(await found.to_list(None))
    if options.get("session") is not None:
        options["session"] = options["session"].delegate

    def read() -> list[Document]:
        delegate, batch = collection.delegate, None
        if options.keys() <= {"limit", "sort"}:
            batch = _read_one_batch(delegate, codec_options, query, projection, **options)
        if batch is None:
            batch = list(delegate.with_options(codec_options=codec_options).find(query, projection, **options))
        return batch

    hop: Any = run_on_executor
    return cast("list[Document]", await hop(asyncio.get_running_loop(), read))


def _read_one_batch(
    collection: Collection[Document],
    codec_options: CodecOptions[Document],
    query: Document,
    projection: Document | None,
    *,
    limit: int = 0,
    sort: Sequence[tuple[str, int]] = (),
) -> list[Document] | None:
    """Return what the command `find` gives as its first batch; None where a cursor must read, which is always right.

    So it is where there may be a second batch, and where the server did not answer: a cursor tries once more by itself.
    """
    if not 0 < limit <= ONE_BATCH_MAX:
        return None
    # As drivers do: of a batch as large as the limit MongoDB may keep the cursor open (SERVER-68554).
    command = {"find": collection.name, "filter": query, "sort": dict(sort), "limit": limit, "batchSize": limit + 1}
    if projection is not None:
        command["projection"] = projection
    if collection.read_concern.document:
        command["readConcern"] = collection.read_concern.document
    database, preference = collection.database, collection.read_preference
    try:
        told = database.command(command, codec_options=codec_options, read_preference=preference)["cursor"]
        if told["id"]:  # the batch was cut at MongoDB's 16 MiB
            database.command("killCursors", collection.name, cursors=[told["id"]], read_preference=preference)
            return None
    except ServerSelectionTimeoutError:
        raise  # nobody was asked, and a cursor would wait as long again
    except AutoReconnect:
        return None
    except OperationFailure as error:
        if error.code not in _READ_AGAIN_CODES:
            raise
        return None
    batch: list[Document] = told["firstBatch"]
    return batch


def connect(settings: Settings) -> Database:
    """Return the database that the settings name; connects on first use."""
    make = AsyncIOMotorClient if settings.database_driver == "motor" else AsyncMongoClient
    client: Any = make(
        settings.mongodb_uri.get_secret_value(),
        serverSelectionTimeoutMS=settings.database_timeout_ms,
        connectTimeoutMS=settings.database_timeout_ms,
        socketTimeoutMS=SOCKET_TIMEOUT_MS,
        maxPoolSize=POOL_MAX,
        waitQueueTimeoutMS=settings.database_timeout_ms,
        retryWrites=True,
        retryReads=True,
        appname="data-practices-api",
    )
    return Database(client, settings.mongodb_database)

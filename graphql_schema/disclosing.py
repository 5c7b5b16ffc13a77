"""Resolves restricted fields: collects what an operation wants, and has it decided, receipted and opened at once.

The decision, the receipts and the opening are the support domain's; here is only the waiting for each other: what is
wanted is opened when the operation waits for nothing else, so that it costs one write and one batch however many fields
and rows it has and however deep they lie. Fails closed: a value that is not opened is an error, never the sealed one,
and so is one whose access has ended before the answer leaves.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from graphql import ExecutionResult, GraphQLError, GraphQLResolveInfo
from graphql.pyutils import Path

from app.errors import AppError, ErrorCode, unavailable
from app.support.disclosure import Disclosure, Subject, Wanted, refuse


class DisclosureBatch:
    """What one operation wants opened; one `Disclosure.open` for all that is wanted while other fields are loading."""

    def __init__(self, make: Callable[[], Disclosure]) -> None:
        """Take what makes the operation's disclosure: most operations want nothing opened."""
        self._make = make
        self._disclosure: Disclosure | None = None
        self._waiting: list[_Place] = []
        self._given: list[_Place] = []
        self._loads = 0
        self._is_due = False
        self._opening: asyncio.Task[None] | None = None
        self._ahead: asyncio.Task[None] | None = None

    @property
    def disclosure(self) -> Disclosure:
        """The operation's one disclosure."""
        if self._disclosure is None:
            self._disclosure = self._make()
        return self._disclosure

    def open(self, wanted: Wanted, path: Path) -> asyncio.Future[str | None]:
        """Return what will be the opened value at a path of the answer, or raise the refusal when it is awaited."""
        future: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Place(wanted, path, future))
        if self._ahead is None:
            self._ahead = asyncio.create_task(self._read_ahead())
        self._open_when_idle()
        return future

    def count(self, load: Awaitable[Any]) -> Awaitable[Any]:
        """Return the awaitable, counted as under way from now until it is done or dropped."""
        self._loads += 1
        return _Load(load, self)

    def end_load(self) -> None:
        """Note that one of the counted awaitables is done."""
        self._loads -= 1
        self._open_when_idle()

    def _open_when_idle(self) -> None:
        # The next turn of the loop: what follows from a load (its own fields) is wanted or counted by then.
        if self._waiting and not self._loads and not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._start)

    def _start(self) -> None:
        self._is_due = False
        if self._loads:  # what follows from a load has begun another one
            return
        batch = [place for place in self._waiting if not place.future.done()]  # done here: cancelled
        self._waiting = []
        if batch:
            self._opening = asyncio.create_task(self._open(batch))

    async def _read_ahead(self) -> None:
        """Read what the decision needs while other fields are loading; a failure is met again, and told, then."""
        with suppress(Exception):
            await self.disclosure.taken_requests()

    async def _open(self, batch: Sequence["_Place"]) -> None:
        answers: Sequence[str | Exception | None]
        try:
            answers = await self.disclosure.open([place.wanted for place in batch])
        except Exception as error:  # noqa: BLE001 - handed to each waiting field, which raises it
            answers = [error] * len(batch)
        for place, answer in zip(batch, answers, strict=True):
            if place.future.done():
                continue
            if isinstance(answer, Exception):
                place.future.set_exception(answer)
                place.future.exception()  # a field whose parent has failed meanwhile must not leave a warning
            else:
                place.future.set_result(answer)
                if answer is not None:
                    self._given.append(place)

    async def settle(self, result: ExecutionResult) -> ExecutionResult:
        """Take back from an answer what may not leave any more; its fields become null, each with its error."""
        if not self._given or result.data is None:
            return result
        refusals = await self._look_again({place.wanted.subject for place in self._given})
        errors = list(result.errors or ())
        for place in self._given:
            refusal = refusals.get(place.wanted.subject)
            if refusal is not None and _take_back(result.data, place.path.as_list()):
                error = refusal(place.wanted.coordinate)
                errors.append(GraphQLError(error.message, path=place.path.as_list(), original_error=error))
        return ExecutionResult(result.data, errors or None) if refusals else result

    async def _look_again(self, subjects: set[Subject]) -> Mapping[Subject, Callable[[str], AppError]]:
        try:
            ended = await self.disclosure.ended(subjects)
        except Exception:  # noqa: BLE001 - fails closed: what cannot be looked at does not leave
            return dict.fromkeys(subjects, lambda _: unavailable())
        return {subject: partial(refuse, decision) for subject, decision in ended.items()}


class _Place(NamedTuple):
    """Where in an answer what is wanted stands."""

    wanted: Wanted
    path: Path
    future: asyncio.Future[str | None]


def _take_back(data: Any, keys: Sequence[str | int]) -> bool:
    """Set the value at a path to null; returns False where something above it is null already."""
    *above, last = keys
    for key in above:
        data = data[key]
        if data is None:
            return False
    data[last] = None
    return True


class _Load:
    """An awaitable that is under way from its making on; one that nobody awaits ends when it is dropped."""

    __slots__ = ("_batch", "_load")

    def __init__(self, load: Awaitable[Any], batch: DisclosureBatch) -> None:
        self._load = load
        self._batch: DisclosureBatch | None = batch

    def __await__(self) -> Generator[Any, Any, Any]:
        try:
            return (yield from self._load.__await__())
        finally:
            self._end()

    def __del__(self) -> None:
        self._end()

    def _end(self) -> None:
        batch, self._batch = self._batch, None
        if batch is not None:
            batch.end_load()


def reveal(source: Any, info: GraphQLResolveInfo[Any]) -> Awaitable[str | None]:
    """Resolve any restricted field: its sealed value, opened by the operation's disclosure."""
    batch: DisclosureBatch = info.context.disclosures
    return batch.open(want(source, info.parent_type.name, info.field_name), info.path)


def want(source: Any, type_name: str, field_name: str) -> Wanted:
    """Return what is wanted of an object: whose it is, which field, and the sealed value."""
    subject = source.get("subject") or _subject_of(source, type_name)
    return Wanted(subject, f"{type_name}.{field_name}", source.get("restricted", {}).get(field_name))


def _subject_of(document: dict[str, Any], type_name: str) -> Subject:
    match type_name:
        case "Company":
            return Subject(None, document["_id"])
        case "ErrorReport":
            return Subject(document.get("userId"), document.get("companyId"))
    raise AppError(ErrorCode.INTERNAL, "A restricted field has no subject.")

"""Resolves restricted fields: collects what an operation wants at the same time and has it decided and opened at once.

The decision, the receipts and the opening are the support domain's; here is only the batching. Fails closed: a value
that is not opened is an error, never the sealed or the plain value.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLResolveInfo

from app.errors import AppError, ErrorCode
from app.support.disclosure import Disclosure, Subject, Wanted


class DisclosureBatch:
    """What one operation wants opened; one `Disclosure.open` for all that is wanted in the same turn of the loop."""

    def __init__(self, disclosure: Disclosure) -> None:
        """Take the operation's disclosure."""
        self._disclosure = disclosure
        self._waiting: list[tuple[Wanted, asyncio.Future[str | None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def open(self, wanted: Wanted) -> str | None:
        """Return the opened value; raises the refusal."""
        future: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, future))
        if self._task is None:
            self._task = asyncio.create_task(self._flush())
        return await future

    async def _flush(self) -> None:
        await asyncio.sleep(0)  # lets the siblings of this turn queue up
        batch, self._waiting, self._task = self._waiting, [], None
        answers: Sequence[str | Exception | None]
        try:
            answers = await self._disclosure.open([wanted for wanted, _ in batch])
        except Exception as error:  # noqa: BLE001 - handed to each waiting field, which raises it
            answers = [error] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)


async def reveal(source: Any, info: GraphQLResolveInfo[Any]) -> str | None:
    """Resolve any restricted field: its sealed value, opened by the operation's disclosure."""
    subject = source.get("subject") or _subject_of(source, info.parent_type.name)
    sealed = source.get("restricted", {}).get(info.field_name)
    wanted = Wanted(subject, f"{info.parent_type.name}.{info.field_name}", sealed)
    batch: DisclosureBatch = info.context.disclosures
    return await batch.open(wanted)


def _subject_of(document: dict[str, Any], type_name: str) -> Subject:
    match type_name:
        case "Company":
            return Subject(None, document["_id"])
        case "ErrorReport":
            return Subject(document.get("userId"), document.get("companyId"))
    raise AppError(ErrorCode.INTERNAL, "A restricted field has no subject.")

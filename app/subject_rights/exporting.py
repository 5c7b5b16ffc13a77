"""Makes the copy of a person's data: everything gathered, restricted values opened behind a receipt, as one JSON."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from bson import Binary

from app.database.client import Document
from app.errors import not_found
from app.practices import CURRENT_VERSION
from app.subject_rights.finding import find_held_person
from app.subject_rights.gathering import BYTES_MAX, LIST_MAX, Gatherer, Holdings, Person
from app.support.model import Subject
from app.support.subject_access import SubjectAccess
from auth.principal import Principal, Role

NOTHING_HELD = "Nothing is held about a caller without a token: for an anonymous person no data is collected."
MADE_FROM = "Generated ids stand for you; agents are pseudonyms. Census records are anonymous, so yours are not known."
# What of a stored document is bookkeeping of the store and says nothing of the person.
_NOT_SHOWN = frozenset({"restricted", "previousHash", "previousAt", "hash", "groupId"}) | {
    *("blindIndex", "tenantIndex", "tenantProven", "tenantSince", "ordinal", "told", "requestKey")
}

Open = Callable[[Principal, Subject, Sequence[str], Sequence[Binary], datetime], Awaitable[list[str | None]]]


@dataclass(frozen=True, slots=True)
class Exporting:
    """Copies of what is held."""

    gatherer: Gatherer
    access: SubjectAccess

    async def export_own(self, principal: Principal, now: datetime) -> str:
        """Return all about the caller; a company's admin has the company's restricted values with it."""
        if principal.is_anonymous:
            return _to_json({"madeAt": now, "held": {}, "note": NOTHING_HELD})
        person = Person(principal.user_id, principal.company_id, principal.subject)
        with_company = Role.COMPANY_ADMIN in principal.roles
        return await self._export(principal, person, self.access.open_own, now, with_company=with_company)

    async def export_user(self, principal: Principal, user_id: str, now: datetime) -> str:
        """Return all about a person, for the officer who answers for them; raises `NOT_FOUND`."""
        found = await find_held_person(self.gatherer.database, user_id, now)
        if found is None:
            raise not_found("user")
        person = Person(found.person_id, found.company_id)
        return await self._export(principal, person, self.access.open_for_person, now, with_company=False)

    async def _export(
        self, principal: Principal, person: Person, open_values: Open, now: datetime, *, with_company: bool
    ) -> str:
        holdings = await self.gatherer.gather(person, now)
        if not with_company:
            for company in holdings.kinds.get("company", ()):
                company.pop("restricted", None)
        sealed = list(_sealed_of(holdings))
        opened: list[str | None] = []
        if sealed or open_values == self.access.open_for_person:
            fields = [coordinate for _, _, coordinate, _ in sealed] or ["Mutation.exportUser"]
            subject = Subject(person.person_id, person.company_id)
            opened = await open_values(principal, subject, fields, [value for *_, value in sealed], now)
        for (document, name, _, _), text in zip(sealed, opened, strict=True):
            document[name] = text
        held = {kind: [_shown(row) for row in rows] for kind, rows in holdings.kinds.items()}
        more = {"notAll": holdings.cut, "atMost": LIST_MAX, "atMostBytes": BYTES_MAX} if holdings.cut else {}
        about = {"userId": person.person_id, "companyId": person.company_id}
        notes = {"practicesVersion": CURRENT_VERSION, "note": MADE_FROM}
        return _to_json({"madeAt": now, "about": about, "held": held, **more, **notes})


def _sealed_of(holdings: Holdings) -> Iterator[tuple[Document, str, str, Binary]]:
    """Give each sealed value: its document, its name, its coordinate, and itself."""
    for kind, documents in holdings.kinds.items():
        for document in documents:
            type_name = _TYPE_OF.get(kind) or f"{str(document.get('kind')).title()}Profile"
            for name, value in document.get("restricted", {}).items():
                yield document, name, f"{type_name}.{name}", value


_TYPE_OF = {"company": "Company", "errors": "ErrorReport"}


def _shown(document: Document) -> Document:
    """Return a document as it is told: its id (if it has one) as `id`, its profile's fields beside the others."""
    shown = {
        name: value for name, value in document.items() if name not in _NOT_SHOWN and name not in {"_id", "profile"}
    }
    identity = {"id": document["_id"]} if "_id" in document else {}
    return {**identity, **shown, **document.get("profile", {})}


def _to_json(value: Document) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2).decode()

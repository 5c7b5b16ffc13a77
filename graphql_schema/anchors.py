"""Whom the parts of a document are about, as far as it says so itself: by ids written in it, or as the caller.

Reads what a query with these ids would read, and keeps to what the caller may see: somebody out of reach and nobody are
the same here too. An id in a variable is not known.
"""

from dataclasses import dataclass

from app.database.pages import PageRequest
from app.profiles.scope import companies_within
from app.profiles.store import find_companies
from app.support.model import Subject
from graphql_schema.context import Context
from graphql_schema.profiles import find_user, person_of
from graphql_schema.selected import SelectedField


@dataclass(frozen=True, slots=True)
class Anchor:
    """Whom an object is about; `missing` names what the caller cannot see or does not exist."""

    person: Subject | None = None
    company: Subject | None = None
    missing: str | None = None


UNKNOWN = Anchor()
# Fields whose object is about the same as their parent's.
_SAME = {
    *("User.profile", "User.company", "Me.user", "Me.profile"),
    *("SupportRequest.subject", "SupportRequest.company"),
}
_SAME_COMPANY = {"Company.users", "Me.company"}
_PAGES = {"nodes", "edges", "node"}


class Anchors:
    """The anchors of one document's fields."""

    def __init__(self, context: Context) -> None:
        """Take the operation's surroundings."""
        self._context = context
        self._known: dict[SelectedField, Anchor] = {}

    async def of(self, field: SelectedField) -> Anchor:
        """Return whom the object that a field gives is about; parents must have been asked for before."""
        if field not in self._known:
            self._known[field] = await self._find(field)
        return self._known[field]

    async def _find(self, field: SelectedField) -> Anchor:
        if field.parent is None:
            return await self._find_root(field)
        above = await self.of(field.parent)
        if field.coordinate in _SAME:
            return above
        if field.coordinate in _SAME_COMPANY or (field.name in _PAGES and field.type_name.startswith("User")):
            return Anchor(company=above.company)
        return UNKNOWN

    async def _find_root(self, field: SelectedField) -> Anchor:
        principal = self._context.principal
        if field.coordinate == "Query.me" and principal.user_id is not None:
            return _anchor(principal.user_id, principal.company_id)
        asked = field.literal("id")
        if asked is None:
            return UNKNOWN
        match field.coordinate:
            case "Query.user":
                return await self._find_user(asked)
            case "Query.company":
                return await self._find_company(asked)
            case "Query.supportRequest":
                return await self._find_request(asked)
        return UNKNOWN

    async def _find_user(self, user_id: str) -> Anchor:
        user = await find_user(self._context, user_id)
        return Anchor(missing="user") if user is None else _anchor(person_of(user), user.get("companyId"))

    async def _find_company(self, company_id: str) -> Anchor:
        within = companies_within(self._context.principal, company_id)
        page = await find_companies(self._context.services.database, within, PageRequest(1))
        return _anchor(None, company_id) if page.nodes else Anchor(missing="company")

    async def _find_request(self, request_id: str) -> Anchor:
        context = self._context
        request = await context.services.support.find(context.principal, request_id, context.now)
        if request is None:
            return Anchor(missing="support request")
        return _anchor(request["subjectId"], request["companyId"])


def _anchor(person_id: str | None, company_id: str | None) -> Anchor:
    return Anchor(
        person=Subject(person_id, company_id) if person_id else None,
        company=Subject(None, company_id) if company_id else None,
    )

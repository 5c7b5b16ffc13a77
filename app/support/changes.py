"""Tells those who watch support requests which one changed; what they may see of it is decided when it is served."""

from app.database.changes import Changes
from app.database.client import Database, Document
from app.support.store import REQUESTS
from auth.principal import Principal
from auth.rights import Action, Scope, scopes_of

_STAFF = "staff"
_WRITES: list[Document] = [
    {"$match": {"operationType": {"$in": ["insert", "update", "replace"]}}},
    {"$project": {"fullDocument._id": 1, "fullDocument.companyId": 1, "fullDocument.subjectId": 1}},
]


def support_changes(database: Database) -> Changes:
    """Return the changes of support requests, watched by the keys of `keys_of`."""
    return Changes(database, REQUESTS, _WRITES, _watchers_of, 0.0, {"full_document": "updateLookup"})


def keys_of(principal: Principal) -> list[str]:
    """Return under which keys a caller watches: the reach of `requests_within`; none for who reaches no request."""
    scopes = scopes_of(principal, Action.OPEN_SUPPORT_REQUEST)
    if Scope.FLAGGED in scopes:
        return [_STAFF]
    keys = [f"company/{company_id}" for company_id in principal.company_ids] if Scope.OWN_COMPANY in scopes else []
    return [*keys, f"person/{principal.user_id}"] if principal.user_id is not None else keys


def _watchers_of(change: Document) -> list[tuple[str, str]]:
    request = change.get("fullDocument") or {}
    if not request:  # gone before it was looked up
        return []
    keys = [_STAFF, f"company/{request.get('companyId')}", f"person/{request.get('subjectId')}"]
    return [(key, request["_id"]) for key in keys]

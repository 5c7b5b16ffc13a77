"""Which GUIDs of a batch are the caller's own tenant's or directory's: asked by keyed hash, for they are stored sealed.

Promises that what becomes of a GUID depends on the caller's token and own companies alone: were other customers'
tenants known here, a report that comes back would tell whether a tenant is a customer's.
"""

from collections.abc import Sequence

import orjson

from app.database.client import Database
from app.database.vault import Vault
from app.error_reports.patterns import GUIDS
from app.error_reports.scrubbing import NO_IDS
from auth.principal import Principal

ASKED_MAX = 2_000  # of a batch; the others count as known, so that nobody hides one behind many


async def find_known_ids(
    database: Database, vault: Vault, principal: Principal, reports: Sequence[object]
) -> frozenset[str]:
    """Return the GUIDs, in upper case, that must go: the caller's own ids in the directory, and their tenants."""
    own = {text.upper() for text in (principal.tenant_id, principal.directory_id) if text}
    if not principal.company_ids:
        return frozenset(own) or NO_IDS
    # As JSON, since the walk over each text in Python would cost more than the whole search in it.
    raw = orjson.dumps(reports, default=str)
    present = sorted({match.group().decode().upper() for match in GUIDS.finditer(raw)})
    if not present:
        return frozenset(own) or NO_IDS
    query = {"_id": {"$in": sorted(principal.company_ids)}, "tenantIndex": {"$exists": True}}
    rows = await database["companies"].find(query, {"tenantIndex": 1}).to_list(None)
    tenants = {bytes(row["tenantIndex"]) for row in rows}
    found = {guid for guid in present[:ASKED_MAX] if tenants and vault.blind_index("tenant", guid) in tenants}
    return frozenset(own | found | set(present[ASKED_MAX:]))

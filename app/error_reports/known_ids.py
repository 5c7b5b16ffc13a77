"""Which GUIDs of a batch are a tenant's or a directory's: asked by keyed hash, since they are stored sealed."""

from collections.abc import Sequence

import orjson
from bson import Binary

from app.database.client import Database
from app.database.vault import Vault
from app.error_reports.patterns import GUIDS
from app.error_reports.scrubbing import NO_IDS
from auth.principal import Principal

ASKED_MAX = 2_000  # of a batch; the others count as known, so that nobody hides one behind many


async def find_known_ids(
    database: Database, vault: Vault, principal: Principal, reports: Sequence[object]
) -> frozenset[str]:
    """Return the GUIDs, in upper case, that must go: the caller's own ids in the directory, and customers' tenants."""
    own = {text.upper() for text in (principal.tenant_id, principal.directory_id) if text}
    # As JSON, since the walk over each text in Python would cost more than the whole search in it.
    raw = orjson.dumps(reports, default=str)
    present = sorted({match.group().decode().upper() for match in GUIDS.finditer(raw)})
    if not present:
        return frozenset(own) or NO_IDS
    # The driver reads such a value as bytes, and a Binary is equal to no bytes.
    asked = {vault.blind_index("tenant", guid): guid for guid in present[:ASKED_MAX]}
    query = {"tenantIndex": {"$in": [Binary(index) for index in asked]}}
    rows = await database["companies"].find(query, {"_id": 0, "tenantIndex": 1}).to_list(None)
    return frozenset(own | {asked[row["tenantIndex"]] for row in rows} | set(present[ASKED_MAX:]))

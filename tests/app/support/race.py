"""One process of the race for requests: two agents take what they can and open a field of each.

Run by `test_race.py`. Prints as JSON which agent took which requests.
"""

import asyncio
import json
import random
import sys
from pathlib import Path

from app.clock import utc_now
from app.database.client import connect
from app.database.keyring import load_keyring
from app.database.vault import Vault
from app.errors import AppError, ErrorCode
from app.receipts.writer import ReceiptWriter
from app.settings import Settings
from app.support.disclosure import Disclosure, Wanted
from app.support.model import Subject
from app.support.service import SupportService
from auth.principal import Principal, Role
from tests.app.support.people import ACCESS, LIFE

AGENTS = 2


async def race(service: SupportService, agent: Principal, request_ids: list[str]) -> list[str]:
    """Try every request in an order of the agent's own; return those that this agent got."""
    taken = []
    for request_id in random.sample(request_ids, len(request_ids)):
        now = utc_now()
        try:
            request = await service.take(agent, request_id, now)
        except AppError as error:
            if error.code is not ErrorCode.FORBIDDEN or "takenBy" not in error.details:
                raise
            continue
        taken.append(request_id)
        gate = Disclosure(service.database, service.vault, service.receipts, agent, mode="request", now=now)
        subject = Subject(request["subjectId"], request["companyId"])
        value = (await service.vault.seal("COMPANY", {"name": request_id}))["name"]
        if await gate.open([Wanted(subject, "AuthenticatedProfile.name", value)]) != [request_id]:
            raise AssertionError(request_id)
    return taken


async def main(uri: str, name: str, data: str, process: str) -> None:
    """Let this process's agents race."""
    settings = Settings(mongodb_uri=uri, mongodb_database=name, data_dir=Path(data))
    database, keyring = connect(settings), load_keyring(settings)
    vault, receipts = Vault(database, keyring, settings), ReceiptWriter(database)
    service = SupportService(database, vault, keyring, receipts, ACCESS, LIFE)
    ids = [row["_id"] for row in await database["support_requests"].find({}, {"_id": 1}).to_list(None)]
    agents = [Principal(f"agent {process}.{number}", frozenset({Role.SUPPORT})) for number in range(AGENTS)]
    taken = await asyncio.gather(*(race(service, agent, ids) for agent in agents))
    await receipts.close()
    await vault.close()
    await database.close()
    json.dump({agent.subject: got for agent, got in zip(agents, taken, strict=True)}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""One process of the race for the chain: several tasks append through one writer. Run by `test_race.py`."""

import asyncio
import sys

from app.clock import utc_now
from app.database.client import connect
from app.receipts.writer import ReceiptWriter
from app.settings import Settings
from tests.app.receipts.drafts import draft

TASKS = 8


async def main(uri: str, name: str, appends: int) -> None:
    """Append from all tasks at once."""
    database = connect(Settings(mongodb_uri=uri, mongodb_database=name))
    writer = ReceiptWriter(database)

    async def append() -> None:
        for _ in range(appends):
            await writer.append([draft(utc_now()), draft(utc_now())])

    await asyncio.gather(*(append() for _ in range(TASKS)))
    await writer.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))

"""Reads of census records for those who check what is held."""

from datetime import datetime

from app.census.model import whole_hour
from app.database.client import Database
from app.database.pages import Page, PageRequest, find_page


async def find_census_records(database: Database, page: PageRequest, now: datetime) -> Page:
    """Return the census records of whole hours, newest first; hashed ids only, since nothing else is stored.

    Not those of this hour: whoever asked again and again would see when each came, and so with whose other calls.
    """
    query = {"receivedAt": {"$lt": whole_hour(now)}}
    return await find_page(database["census"], query, page, sort_field="receivedAt")


async def count_census_records(database: Database, now: datetime) -> tuple[int, datetime | None]:
    """Return how many census records of whole hours are held, and the hour of the newest; for the same reason."""
    query = {"receivedAt": {"$lt": whole_hour(now)}}
    count = await database["census"].count_documents(query, hint="receivedAt_1")
    newest = await database["census"].find_one(query, {"receivedAt": 1}, sort=[("receivedAt", -1)])
    return int(count), newest["receivedAt"] if newest else None

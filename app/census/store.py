"""Reads of census records for those who check what is held."""

from typing import Any

from app.database.client import Database
from app.database.pages import Page, PageRequest, find_page


async def find_census_records(database: Database, page: PageRequest) -> Page:
    """Return census records, newest first; hashed ids only, since nothing else is stored."""
    query: dict[str, Any] = {}
    return await find_page(database["census"], query, page, sort_field="receivedAt")

"""Reads how much each template was used in a range."""

from app.dashboards.periods import Period
from app.dashboards.sources import BucketSource
from app.dashboards.spans import span_of
from app.database.client import Document


async def read_templates(source: BucketSource, whole: Period) -> list[Document]:
    """Return each template with its name and its counts within the range, the most requested first.

    The name is the latest one on the UTC days that the range touches.
    """
    rows = [
        {
            "templateId": row["templateId"],
            "templateName": row["named"]["name"],
            "requests": row["counts"]["REQUEST_CREATED"],
            "teams": row["counts"]["TEAM_CREATED"],
        }
        for row in await source.sum_templates(span_of(whole))
    ]
    used = [row for row in rows if row["requests"] or row["teams"]]
    return sorted(used, key=lambda row: (-row["requests"], -row["teams"], row["templateId"]))

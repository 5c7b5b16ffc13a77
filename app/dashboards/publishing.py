"""The publishing of the anonymous counts, part by part: so that what two readings differ by is of 5 companies too (P5).

A part is what one event counts on one day, or on all those days of a month together that do not stand alone. It is
published once its day is over, and again only when at least 5 companies have changed it since; late events of fewer
wait for the next ones. The rest of a month becomes a part when no event of its days can arrive any more; from then on
these days stand no more alone, for they would fall out of the rest by subtraction. An erasure publishes nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.dashboards.anonymous import ANONYMOUS, COMPANIES_MIN, DAY, REST, Group, TurnOverError, within
from app.dashboards.periods import Interval, Period
from app.dashboards.shares import drop_orphans, read_counts, read_shares, write_shares
from app.database.client import Database, Document
from app.database.transactions import Session, run_in_transaction
from app.usage.model import BACK, EventName

SETTLED_AFTER = BACK + 2 * DAY  # the latest that an event may be told of, with room for clocks and calls under way
ALONE = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Days whose counts are published together; `wanted` narrows them by event."""

    name: str
    start: datetime
    days: Document
    wanted: Document | None = None

    @property
    def place(self) -> str:
        """How its shares are told from those of a day."""
        return ALONE if self.name == Interval.DAY else self.name


def is_settled(month: Period, today: datetime) -> bool:
    """Return whether no event of the month can arrive any more."""
    return month.end + SETTLED_AFTER <= today


def next_shares(now: Mapping[str, int], then: Mapping[str, int], *, is_shown: bool) -> Mapping[str, int] | None:
    """Return what companies have of the next publication of a count, or None if it stays as it is."""
    changed = [company for company in {*now, *then} if now.get(company, 0) != then.get(company, 0)]
    if len(changed) >= COMPANIES_MIN:
        return now if len(now) >= COMPANIES_MIN else {}
    return then if not is_shown and len(then) >= COMPANIES_MIN else None


async def publish_day(database: Database, day: datetime, month: Period, turn: int) -> None:
    """Publish the counts of a day that is over, but for those that belong to the rest of its month."""
    in_rest = await _shown(database, {"interval": REST, "start": month.start})
    alone = await _shown(database, {"interval": Interval.DAY.value, "start": day})
    await _publish(database, Part(Interval.DAY.value, day, {"day": day}), turn, set(in_rest) - set(alone))


async def publish_rest(database: Database, month: Period, turn: int) -> None:
    """Publish what the days of a settled month together count that do not stand alone."""
    standing = await _shown(database, {"interval": Interval.DAY.value, "start": within(month)["day"]})
    neither = [{"counts.k": name, "day": {"$in": sorted(days)}} for name, days in standing.items()]
    wanted = {"$nor": neither} if neither else None
    await _publish(database, Part(REST, month.start, within(month), wanted), turn, set())


async def _publish(database: Database, part: Part, turn: int, left_out: set[str]) -> None:
    async def work(session: Session) -> None:
        now = await read_counts(database, part.days, part.wanted, session)
        then = await read_shares(database, {"day": part.start}, [part.place], session)
        cells = await database[ANONYMOUS].find(_of(part), session=session).to_list(None)
        shown = {cell["event"] for cell in cells if not cell["hidden"]}
        if any(cell["turn"] > turn for cell in cells):
            raise TurnOverError
        changes: dict[str, Mapping[str, int]] = {}
        for name in sorted({event.value for event in EventName} - left_out):
            new = next_shares(now[name], then[name], is_shown=name in shown)
            if new is not None:
                changes[name] = {company: new.get(company, 0) for company in {*new, *then[name]}}
                cell = {**_of(part), "event": name, **Group(sum(new.values()), len(new)).cell(0), "turn": turn}
                place = {"_id": f"{part.name}/{part.start:%Y-%m-%d}/{name}"}
                await database[ANONYMOUS].update_one(place, {"$set": cell}, upsert=True, session=session)
        await write_shares(database, part.start, part.place, changes, session)

    await run_in_transaction(database, work)
    await drop_orphans(database, part.start, part.place, part.days)


def _of(part: Part) -> Document:
    return {"interval": part.name, "start": part.start}


async def _shown(database: Database, query: Document) -> Mapping[str, Sequence[datetime]]:
    starts: dict[str, list[datetime]] = defaultdict(list)
    for cell in await database[ANONYMOUS].find({**query, "hidden": False}, {"event": 1, "start": 1}).to_list(None):
        starts[cell["event"]].append(cell["start"])
    return starts

"""The watch over this host's clock: cheap while time passes as it should, awake as soon as it does not."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from app.clock import utc_now
from app.database.client import Database
from app.database.clock_watch import ASK_AGAIN_SECONDS, ClockWatch
from app.errors import AppError, ErrorCode
from tests.harness.jwks_server import HandClock
from tests.harness.system import System


@dataclass
class Host:
    """A host's two clocks: one that only passes, and the wall's, which is stepped as well."""

    began: datetime = field(default_factory=utc_now)
    steady: HandClock = field(default_factory=HandClock)
    stepped: timedelta = timedelta(0)

    def wall(self) -> datetime:
        """Return what the wall says."""
        return self.began + timedelta(seconds=self.steady()) + self.stepped

    def watch(self, database: Database) -> ClockWatch:
        """Return a watch over these clocks."""
        return ClockWatch(database, self.wall, self.steady)


@pytest.mark.parametrize("hours", [7, -7])
async def test_a_step_of_the_clock_is_seen_at_once(system: System, hours: int) -> None:
    """No minute of disclosing by a wrong clock follows upon the last look; and stepped back, it is right at once."""
    host = Host()
    watch = host.watch(system.services.database)
    await watch.check()
    host.stepped = timedelta(hours=hours)
    with pytest.raises(AppError) as refusal:
        await watch.check()
    assert refusal.value.code is ErrorCode.UNAVAILABLE
    host.stepped = timedelta(0)
    await watch.check()


async def test_while_time_passes_as_it_should_the_database_is_asked_once_a_minute(system: System) -> None:
    """A clock that is slewed is not stepped; what the database says of it is read when the minute is over."""
    host = Host()
    watch = host.watch(system.services.database)
    first = await watch.ahead()
    host.steady.advance(ASK_AGAIN_SECONDS)
    host.stepped = timedelta(seconds=0.5)
    assert await watch.ahead() == first
    host.steady.advance(0.5)
    assert await watch.ahead() > first + timedelta(seconds=ASK_AGAIN_SECONDS - 30)

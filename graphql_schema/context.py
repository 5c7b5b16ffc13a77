"""What a resolver may touch: the caller, the services, one reading of the clock. Made once per operation."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import strawberry

from app.census.secrets import CensusHasher
from app.database.changes import Changes
from app.database.client import Database
from app.database.clock_watch import ClockWatch
from app.database.keyring import Keyring
from app.database.loader import MergedReads
from app.database.vault import Vault
from app.error_reports.service import ErrorService
from app.profiles.service import ProfileService
from app.profiles.store import PersonReads
from app.receipts.writer import ReceiptWriter
from app.settings import Settings
from app.support.disclosure import Disclosure
from app.support.service import SupportService
from auth.principal import Principal
from graphql_schema.disclosing import DisclosureBatch
from graphql_schema.limits import LIMITS, check


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the running system; one of each per process."""

    settings: Settings
    database: Database
    clock_watch: ClockWatch
    vault: Vault
    keyring: Keyring
    hasher: CensusHasher
    errors: ErrorService
    profiles: ProfileService
    receipts: ReceiptWriter
    support: SupportService
    users: MergedReads
    people: PersonReads
    companies: MergedReads
    error_groups: MergedReads
    usage_changes: Changes
    support_changes: Changes

    @property
    def error_life(self) -> timedelta:
        """How long an error report lives (P11)."""
        return timedelta(days=self.settings.error_retention_days)


@dataclass(slots=True)
class Context:
    """One operation's surroundings."""

    services: Services
    principal: Principal
    now: datetime
    request_id: str
    address: str | None = None
    points: int = 0  # what the operation costs: as planned, and what `charge` adds
    selected: dict[Any, Any] = field(default_factory=dict)  # what the operation's plan keeps of its selections
    disclosures: DisclosureBatch = field(init=False)
    uses: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Give the operation its own disclosure, so that nothing decided here serves another caller."""
        services, principal, now = self.services, self.principal, self.now
        # Holds no way back to this context: in a circle all that was sent would wait for the garbage collector.
        self.disclosures = DisclosureBatch(lambda: _disclosure_of(services, principal, now))

    def use(self, field: str, maximum: int) -> None:
        """Count a use of a heavy field; raises `TOO_COMPLEX` above so many in one operation, aliases included."""
        self.uses[field] = self.uses.get(field, 0) + 1
        check(f"uses of {field}", self.uses[field], maximum)

    def charge(self, rows: int) -> None:
        """Add a point for each row that is about to be read; raises `TOO_COMPLEX` above an operation's points.

        For lists whose length no page size tells but a resolver knows. What is refused stays charged.
        """
        self.points += rows
        check("cost points", self.points, LIMITS.cost)


def _disclosure_of(services: Services, principal: Principal, now: datetime) -> Disclosure:
    return Disclosure(
        services.database,
        services.vault,
        services.receipts,
        principal,
        mode=services.settings.support_access,
        now=now,
        taken=services.support.taken,
    )


Info = strawberry.Info[Context, Any]

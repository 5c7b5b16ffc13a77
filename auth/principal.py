"""Who is calling: the roles, and the caller that a verified token (or its absence) makes.

Promises a value that cannot change and that holds nothing secret in a form to print.
What a role may do is told by the table in `rights`; how a token becomes a `Principal` is told by `tokens`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """The roles a token can grant; the value is what stands in the token."""

    USER = "user"
    COMPANY_ADMIN = "company_admin"
    SUPPORT = "support"
    SUPPORT_LEAD = "support_lead"
    PRIVACY_OFFICER = "privacy_officer"
    ANALYST = "analyst"
    INGEST = "ingest"


@dataclass(frozen=True, slots=True)
class Principal:
    """One caller.

    `subject` is issuer-qualified and opaque; `user_id` and `company_ids` are our own generated ids.
    `tenant_id` is set where the token proves it, `directory_id` only for issuers whose ids are hashed (Microsoft
    Entra); both are kept out of the printed form because they are restricted data.
    """

    subject: str
    roles: frozenset[Role] = frozenset()
    user_id: str | None = None
    company_ids: frozenset[str] = frozenset()
    tenant_id: str | None = field(default=None, repr=False)
    directory_id: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None

    @property
    def company_id(self) -> str | None:
        """The caller's company when the token names exactly one, else None."""
        return next(iter(self.company_ids)) if len(self.company_ids) == 1 else None

    @property
    def is_anonymous(self) -> bool:
        """Whether there was no token."""
        return not self.subject  # a token's is never empty: it begins with its issuer


ANONYMOUS = Principal(subject="")

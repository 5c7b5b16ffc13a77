"""The eight companies of the demo data and the people in them. Pure.

Names are Microsoft's fictitious companies; all persons, domains and ids are made up. Ids are those of the development
issuer's tokens, so that each ready token meets data of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from auth.development import DEMO_COMPANIES, demo_company_id, demo_user_id
from auth.principal import Principal, Role
from scripts.demo_data.chance import chance, new_uuid

ISSUER_PREFIX = "development|"  # how the verifier qualifies the subjects of the development issuer


@dataclass(frozen=True, slots=True)
class DemoCompany:
    """One company: its size, its pace and its habits."""

    number: int
    name: str
    license: str
    people: int
    requests_per_workday: float
    hours_from_utc: int
    locale: str
    approval_rate: float
    median_hours_to_approval: float

    @property
    def id(self) -> str:
        """The generated id of the company."""
        return demo_company_id(self.number)

    @property
    def domain(self) -> str:
        """The company's domain."""
        return f"{self.name.lower().replace(' ', '')}.com"

    @property
    def tenant_id(self) -> str:
        """The company's directory in Microsoft Entra, made up."""
        return new_uuid(chance("tenant", self.number))

    @property
    def approvers(self) -> int:
        """How many of the first people approve requests."""
        return max(1, min(6, self.people // 9))

    def service(self) -> Principal:
        """Return the provisioning service, which acts for this company and is no person."""
        subject = f"{ISSUER_PREFIX}demo-ingest"
        return Principal(subject, frozenset({Role.INGEST}), company_ids=frozenset({self.id}))


COMPANIES: Sequence[DemoCompany] = (
    DemoCompany(0, "Contoso", "enterprise", 54, 34, 1, "FR-FR", 0.91, 2.2),
    DemoCompany(1, "Fabrikam", "enterprise", 34, 23, -5, "EN-US", 0.88, 3.5),
    DemoCompany(2, "Northwind Traders", "pro", 22, 13, 0, "EN-GB", 0.94, 1.1),
    DemoCompany(3, "Adatum", "pro", 13, 8, 1, "DE-DE", 0.79, 7.0),
    DemoCompany(4, "Tailspin Toys", "pro", 8, 4, -8, "EN-US", 0.96, 0.6),
    DemoCompany(5, "Wingtip Toys", "starter", 5, 1.8, 10, "EN-AU", 0.9, 4.0),
    DemoCompany(6, "Litware", "starter", 3, 0.7, 9, "JA-JP", 0.97, 0.3),
    DemoCompany(7, "Proseware", "free", 1, 0.25, 1, "ES-ES", 1.0, 0.05),
)
assert len(COMPANIES) == DEMO_COMPANIES  # noqa: S101 - one id of the issuer for each


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One person of a company; number 0 is its admin."""

    company: DemoCompany
    number: int
    name: str

    @property
    def id(self) -> str:
        """The generated id of the person."""
        return demo_user_id(self.company.number, self.number)

    @property
    def upn(self) -> str:
        """The person's user principal name, which is their e-mail address too."""
        return f"{self.name.lower().replace(' ', '.')}@{self.company.domain}"

    @property
    def directory_id(self) -> str:
        """The person's id in Microsoft Entra, made up."""
        return new_uuid(chance("directory", self.company.number, self.number))

    @property
    def is_logged_in(self) -> bool:
        """Whether the person logged in ever; the others only opened the app inside Teams."""
        return self.number % 6 != 5  # noqa: PLR2004 - every sixth did not

    def principal(self) -> Principal:
        """Return the caller that the person's own token makes."""
        role = Role.COMPANY_ADMIN if self.number == 0 else Role.USER
        return Principal(f"{ISSUER_PREFIX}{self.id}", frozenset({role}), self.id, frozenset({self.company.id}))


FIRST_NAMES = (
    "Alice", "Adele", "Alex", "Amina", "Bianca", "Camille", "Chen", "Diego", "Elena", "Emre", "Fatou", "Grady", "Hana",
    "Ines", "Isaiah", "Jonas", "Joni", "Kofi", "Lara", "Lidia", "Lynne", "Mei", "Miriam", "Nestor", "Noor", "Olga",
    "Patti", "Pradeep", "Raul", "Rosa", "Samir", "Sofia", "Tomas", "Yuki", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Hawking", "Vance", "Wilber", "Diallo", "Fontaine", "Moreau", "Wei", "Siciliani", "Petrova", "Kaya", "Archie",
    "Sato", "Costa", "Langer", "Weber", "Sherman", "Mensah", "Holloway", "Robbins", "Lin", "Graham", "Wilke", "Haddad",
    "Ivanova", "Fernandez", "Gupta", "Ortiz", "Silva", "Benali", "Rossi", "Novak", "Tanaka", "Keller", "Okafor", "Berg",
)  # fmt: skip


def people_of(company: DemoCompany, seed: int) -> list[DemoPerson]:
    """Return the people of a company, with names that differ within it; its admin first."""
    source = chance(seed, "names", company.number)
    pairs = source.sample(range(len(FIRST_NAMES) * len(LAST_NAMES)), company.people)
    names = [f"{FIRST_NAMES[pair % len(FIRST_NAMES)]} {LAST_NAMES[pair // len(FIRST_NAMES)]}" for pair in pairs]
    if company.number == 0:
        names[1] = "Alice Hawking"  # the notice's own example, so that the ready user token is hers
    return [DemoPerson(company, number, name) for number, name in enumerate(names)]

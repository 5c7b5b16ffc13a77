"""The support profiles of the demo people, in the API's fields (P8, P9). Pure.

Of the people who logged in an authenticated profile is there, and of every fourth also the identified one from before;
of the others an identified one. Claims of unknown people have no token. About anonymous people nothing is there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from app.profiles.model import ProfileKind, Value
from auth.principal import ANONYMOUS, Principal
from scripts.demo_data.chance import chance, new_uuid, pick_weighted
from scripts.demo_data.companies import COMPANIES, DemoCompany, DemoPerson, people_of

VERSIONS = {"1.2": 5.0, "1.2.1": 9.0, "1.3.0": 24.0, "1.3.2": 12.0}
THEMES = {"Default": 6.0, "Dark": 4.0, "Contrast": 0.4}
CLAIMS = 14
CLAIM_DAYS_MAX = 25  # younger than the 30 days after which an unverified claim is erased
HISTORY_DAYS = 90


@dataclass(frozen=True, slots=True)
class ProfileVisit:
    """One saving of a profile: who, which kind, what, when."""

    kind: ProfileKind
    principal: Principal
    given: Mapping[str, Value]
    at: datetime


def company_facts(company: DemoCompany) -> dict[str, Value]:
    """Return what is collected at company level."""
    return {
        "companyId": company.id,
        "companyName": company.name,
        "msTenantId": company.tenant_id,
        "msTenantInitialDomain": f"{company.name.lower().replace(' ', '')}.onmicrosoft.com",
        "msTenantDefaultDomain": company.domain,
        "license": company.license,
    }


def profile_visits(seed: int, base: datetime) -> Iterator[ProfileVisit]:
    """Give the visits of all people up to `base`: the first and the last of each, and the claims."""
    for company in COMPANIES:
        for person in people_of(company, seed):
            yield from _visits_of(person, chance(seed, "visits", company.number, person.number), base)
    for number in range(CLAIMS):
        yield _claim(chance(seed, "claim", number), base)


def _visits_of(person: DemoPerson, source: Random, base: datetime) -> Iterator[ProfileVisit]:
    first = base - timedelta(days=source.uniform(HISTORY_DAYS / 2, HISTORY_DAYS))
    last = base - timedelta(hours=source.expovariate(1 / 40) % (HISTORY_DAYS * 12))
    identified = _identified(source, person.upn, person.company.tenant_id, person.directory_id, person.company.locale)
    if not person.is_logged_in or person.number % 4 == 2:  # noqa: PLR2004 - every fourth
        yield ProfileVisit(ProfileKind.IDENTIFIED, person.principal(), identified, first)
    if person.is_logged_in:
        given = _authenticated(person)
        yield ProfileVisit(ProfileKind.AUTHENTICATED, person.principal(), given, first + timedelta(minutes=4))
        yield ProfileVisit(ProfileKind.AUTHENTICATED, person.principal(), given, last)


def _identified(source: Random, upn: str, tenant_id: str, directory_id: str, locale: str) -> dict[str, Value]:
    return {
        "intercomId": upn,
        "intercomEmail": upn,
        "locale": locale,
        "msTenantId": tenant_id,
        "msUpn": upn,
        "theme": pick_weighted(source, THEMES),
        "msUserId": directory_id,
        "environment": "production",
        "version": pick_weighted(source, VERSIONS),
    }


def _authenticated(person: DemoPerson) -> dict[str, Value]:
    return {
        "intercomId": person.upn,
        "intercomEmail": person.upn,
        "userId": person.id,
        "customerId": person.company.id,
        "msEmail": person.upn,
        "tld": person.company.domain,
        "name": person.name,
        "msLocale": person.company.locale,
        "license": person.company.license,
        "msIsTenantAdmin": person.number == 0,
    }


def _claim(source: Random, base: datetime) -> ProfileVisit:
    upn = f"guest.{source.randrange(1000, 9999)}@example.com"
    given = _identified(source, upn, new_uuid(source), new_uuid(source), "EN-US")
    at = base - timedelta(days=source.uniform(0, CLAIM_DAYS_MAX))
    return ProfileVisit(ProfileKind.IDENTIFIED, ANONYMOUS, given, at)

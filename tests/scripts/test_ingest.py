"""scripts/ingest: the notice's own JSON goes in unchanged and comes out equal."""

import json
import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from auth.development import DEMO_COMPANY_IDS
from auth.principal import Role
from scripts.notice_json.notation import read_notice_notation
from tests.harness.ingest import Ingesting

SEED = Path(__file__).parents[1] / "seed"
EXAMPLE_ID = "5E872200-F546-4CCD-8F23-AF5F507AA2DD"
SESSION_ID = "0C9B6A7E-31D4-4B7C-9C55-2A7F4E1D8B60"

EVENTS = """{ events(first: 100) { nodes {
  name
  ... on RequestCreated { request_id: requestId team_name: teamName request_additionalMembers: additionalMembers
    request_additionalOwners: additionalOwners template_id: templateId template_name: templateName }
  ... on RequestApproved { request_id: requestId } ... on RequestRejected { request_id: requestId }
  ... on RequestProcessed { request_id: requestId } ... on RequestError { request_id: requestId }
  ... on TeamCreated { team_id: teamId team_name: teamName template_id: templateId template_name: templateName }
} } }"""
PROFILE = """query ($id: ID!) { user(id: $id) { profile {
  ... on IdentifiedProfile { intercomId intercomEmail locale msTenantId msUpn theme msUserId environment version }
  ... on AuthenticatedProfile { intercomId intercomEmail userId customerId msEmail tld name msLocale license msIsTenantAdmin }
} } }"""
COMPANY = """query ($id: ID!) { company(id: $id) {
  companyId companyName msTenantId msTenantInitialDomain msTenantDefaultDomain license } }"""


def given(name: str, folder: Path) -> Path:
    """Return a copy of a sample, so that its journal is the test's own."""
    return Path(shutil.copy(SEED / name, folder / name))


@pytest.mark.parametrize("sample", ["notice-usage.ndjson", "notice-usage.txt"])
def test_usage_example_comes_out_equal(ingesting: Ingesting, company_id: str, sample: str) -> None:
    """The notice's usage example, as JSON and letter for letter, is six events with the same values."""
    token = ingesting.token(Role.COMPANY_ADMIN, str(uuid.uuid4()), company_id)
    done = ingesting.run(given(sample, ingesting.folder), token)
    assert (done.returncode, done.stdout) == (0, "accepted 6, duplicates 0, rejected 0\n")
    nodes = ingesting.ask(token, EVENTS)["events"]["nodes"]
    came_out = {node.pop("name").lower(): node for node in nodes}
    example = json.loads((SEED / "notice-usage.ndjson").read_text())
    example["request_created"].update(request_additionalMembers=5, request_additionalOwners=3)
    assert came_out == example


@pytest.mark.parametrize("sample", ["notice-profiles.ndjson", "notice-profiles.txt"])
def test_profile_examples_come_out_equal(ingesting: Ingesting, company_id: str, sample: str) -> None:
    """The three profile examples are read back by support with the same values, empty texts included."""
    person = str(uuid.uuid4()).upper()
    token = ingesting.token(Role.COMPANY_ADMIN, person, company_id)
    support = ingesting.token(Role.SUPPORT)
    done = ingesting.run(given(sample, ingesting.folder), token)
    assert (done.returncode, done.stdout) == (0, "accepted 3, duplicates 0, rejected 0\n")
    ids = "query ($id: ID!) { users(first: 5, companyId: $id) { nodes { id kind } } }"
    users = {node["kind"]: node["id"] for node in ingesting.ask(support, ids, id=company_id)["users"]["nodes"]}
    lines = [json.loads(line) for line in (SEED / "notice-profiles.ndjson").read_text().splitlines()]
    examples = {key: value for line in lines for key, value in line.items()}
    for key in ("identified", "authenticated"):
        assert ingesting.ask(support, PROFILE, id=users[key.upper()])["user"]["profile"] == examples[key]
    assert ingesting.ask(support, COMPANY, id=company_id)["company"] == examples["company"]


def test_samples_are_the_notice() -> None:
    """The samples hold what the notice holds, letter for letter."""
    notice = (SEED / "data-collection-practices.txt").read_text()
    for name in ("notice-usage.txt", "notice-profiles.txt"):
        for block in (SEED / name).read_text().split("}\n{"):
            assert block.strip("{}\n") in notice
    usage = (SEED / "notice-usage.txt").read_text()
    assert read_notice_notation(usage) == json.loads((SEED / "notice-usage.ndjson").read_text())


def end_the_hour(ingesting: Ingesting) -> None:
    """Let what has come be of the last hour: the census is told by whole hours."""
    environment = ingesting.live.environment
    with MongoClient[dict[str, Any]](environment["MONGODB_URI"], tz_aware=True) as client:
        census = client[environment["MONGODB_DATABASE"]]["census"]
        census.update_many({}, [{"$set": {"receivedAt": {"$subtract": ["$receivedAt", 3_600_000]}}}])


def test_census_example_comes_out_equal(ingesting: Ingesting) -> None:
    """The notice's census examples go in without a token; facts come out equal, ids hashed."""
    done = ingesting.run(given("notice-census.ndjson", ingesting.folder), None)
    assert (done.returncode, done.stdout) == (0, "accepted 1, duplicates 0, rejected 0\n")
    officer = ingesting.token(Role.PRIVACY_OFFICER)
    query = (
        "{ censusRecords(first: 5) { nodes { appName deviceModel osName osVersion userLanguage userId sessionId } } }"
    )
    end_the_hour(ingesting)
    (record,) = ingesting.ask(officer, query)["censusRecords"]["nodes"]
    assert record.pop("userId") != "E296D735-4F36-4E18-7C3B-52E1A02A0164"
    assert record.pop("sessionId") != EXAMPLE_ID
    assert list(record.values()) == ["SalesTim Automation", "iPhone", "iPhoneiOS", "8.3", "EN-US"]


def test_error_samples_come_out_equal(ingesting: Ingesting, company_id: str) -> None:
    """Error reports of several kinds go in, in either spelling of keys, with digits as numbers."""
    person = str(uuid.uuid4()).upper()
    done = ingesting.run(
        given("error-reports.ndjson", ingesting.folder), ingesting.token(Role.USER, person, company_id)
    )
    assert (done.returncode, done.stdout) == (0, "accepted 3, duplicates 0, rejected 0\n")
    query = """{ errors(first: 9) { nodes { reportId kind code exception { type stackTrace } log sessionId
      device { model memoryMb } network { downlinkMbps online } performance { operation durationMs retries } } } }"""
    nodes = ingesting.ask(ingesting.token(Role.USER, person, company_id), query)["errors"]["nodes"]
    first, second, third = sorted(nodes, key=lambda node: node["reportId"])
    assert (first["kind"], first["code"]) == ("SIGN_IN", "AADSTS50105")
    assert second["exception"]["type"] == "KeyError"
    assert second["exception"]["stackTrace"].startswith("Traceback")
    assert (second["device"]["memoryMb"], len(second["log"])) == (2048, 2)
    assert second["sessionId"] not in {None, SESSION_ID}  # a pseudonym
    assert third["performance"] == {"operation": "open team list", "durationMs": 5120.0, "retries": 2}


def test_ingest_token_needs_the_company_named(ingesting: Ingesting) -> None:
    """A token of several companies is refused without a company, with a reason, and served with one."""
    token = ingesting.token(Role.INGEST)
    file = given("notice-usage.ndjson", ingesting.folder)
    refused = ingesting.run(file, token)
    assert refused.returncode == 1
    assert refused.stdout.startswith("accepted 0, duplicates 0, rejected 6\nline 1 ")
    taken = ingesting.run(file, token, "--company", DEMO_COMPANY_IDS[0])
    assert taken.stdout == "accepted 6, duplicates 0, rejected 0\n"

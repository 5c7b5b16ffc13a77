"""P12: "... on by default and cannot be turned off by admins or end users" - no switch exists, and the API says so."""

import re

from app.settings import Settings
from auth.principal import Role
from graphql_schema.schema import print_sdl
from tests.harness.system import System

SWITCH_WORDS = re.compile(
    r"(?i)\b(opt_?(in|out)|consent|disable\w*|enable\w*|turn_?off\w*|do_?not_?track|suspend\w*)\b"
)


async def test_the_notice_says_so(system: System) -> None:
    """Every category is on by default and cannot be turned off."""
    reply = await system.ask("{ dataPractices { categories { onByDefault canBeTurnedOff } } }")
    assert reply.data["dataPractices"]["categories"] == [{"onByDefault": True, "canBeTurnedOff": False}] * 4


def test_no_mutation_argument_or_setting_is_a_switch() -> None:
    """Neither the surface nor the operator's settings have one."""
    assert SWITCH_WORDS.findall(re.sub(r'"""[\s\S]*?"""', "", print_sdl())) == []
    assert [name for name in Settings.model_fields if SWITCH_WORDS.search(name)] == []


async def test_an_admin_cannot_stop_collection(system: System) -> None:
    """Whatever header or extension a client sends, an event of the company is stored."""
    text = "mutation($e: [EventInput!]!) { recordEvents(events: $e) { accepted } }"
    event = {
        "eventId": "1",
        "occurredAt": system.clock().isoformat(),
        "requestId": "5E872200-F546-4CCD-8F23-AF5F507AA2DD",
    }
    body = {"query": text, "variables": {"e": [{"requestApproved": event}]}, "extensions": {"optOut": True}}
    headers = {"Authorization": f"Bearer {system.token(Role.COMPANY_ADMIN)}", "DNT": "1", "Sec-GPC": "1"}
    reply = await system.client.post("/graphql", json=body, headers=headers)
    assert reply.json()["data"]["recordEvents"]["accepted"] == 1

"""Introspection and suggestions outside development: for whom, and nothing for others."""

import base64
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.database.embedded import EmbeddedMongod
from auth.principal import Role
from tests.harness.issuer import TestIssuer, public_pem
from tests.harness.system import System, running_system

ISSUER = TestIssuer()
TYPENAMES = "{ __schema { types { name } } }"


@pytest.fixture
async def production(
    mongod: EmbeddedMongod, data_folder: Path, request: pytest.FixtureRequest
) -> AsyncIterator[System]:
    """A system in production, with an issuer of its own."""
    trusted = {"issuer": ISSUER.name, "audience": ISSUER.audience, "pem": public_pem(ISSUER.key("ES256")).decode()}
    settings = {
        "environment": "production",
        "master_key": SecretStr(base64.b64encode(os.urandom(96)).decode()),
        "jwt_issuers": json.dumps([trusted]),
        "introspection": getattr(request, "param", "authenticated"),
    }
    async with running_system(mongod.uri, data_folder, **settings) as started:
        yield started


@pytest.mark.parametrize(
    "query", [TYPENAMES, '{ __type(name: "User") { name } }', "{ ...a } fragment a on Query " + TYPENAMES]
)
async def test_callers_without_a_token_do_not_introspect(production: System, query: str) -> None:
    """Neither openly nor inside a fragment; `__typename` is no introspection."""
    reply = await production.ask(query)
    assert (reply.codes, reply.data) == (["FORBIDDEN"], None)
    assert (await production.ask("{ __typename me { __typename } }")).errors == []


async def test_callers_with_a_token_do(production: System) -> None:
    """Any token will do: integrators need it."""
    reply = await production.ask(TYPENAMES, token=ISSUER.token(Role.USER, user_id="u", company_id="c"))
    assert "User" in {found["name"] for found in reply.data["__schema"]["types"]}


@pytest.mark.parametrize("production", ["development"], indirect=True)
async def test_it_can_be_off_for_everybody(production: System) -> None:
    """`INTROSPECTION=development`."""
    reply = await production.ask(TYPENAMES, token=ISSUER.token(Role.PRIVACY_OFFICER))
    assert reply.codes == ["FORBIDDEN"]


async def test_nothing_is_suggested(production: System) -> None:
    """A misspelled name is not put right for the caller."""
    reply = await production.ask("{ mee { kind } users(frist: 1) { nodez { id } } }")
    assert reply.codes
    assert "Did you mean" not in str(reply.body)


async def test_development_tokens_and_their_address_do_not_exist(production: System) -> None:
    """The development issuer is a stranger in production."""
    reply = await production.ask("{ me { kind } }", token=production.token(Role.PRIVACY_OFFICER))
    assert reply.codes == ["UNAUTHENTICATED"]
    assert (await production.client.get("/explorer/tokens")).status_code == 404

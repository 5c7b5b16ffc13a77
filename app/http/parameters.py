"""The parameters of GraphQL over HTTP: document, variables, operation name, from a body or a query string."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from app.errors import bad_input
from app.http.body import read_json

PARAMETERS_MAX = 20
TOKEN_PARAMETERS = {"access_token", "authorization", "bearer", "token"}

Parameters = tuple[str, Mapping[str, Any], str | None]


def read_query_string(query_string: bytes) -> dict[str, Any]:
    """Return the parameters of a GET; raises `BAD_USER_INPUT`, also for a token, which must never be in an address."""
    try:
        text = query_string.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_MAX)
    except ValueError:
        raise bad_input("query string", f"be at most {PARAMETERS_MAX} parameters in UTF-8") from None
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name.lower() in TOKEN_PARAMETERS:
            raise bad_input("Authorization", "be sent as a header; a token in an address ends up in logs")
        if name in given:
            raise bad_input(name, "be given once")
        given[name] = value
    for name in ("variables", "extensions"):
        given[name] = read_json(given[name].encode(), name) if given.get(name) else None
    return given


def read_parameters(given: object) -> Parameters:
    """Return document, variables and operation name of a request; raises `BAD_USER_INPUT` naming the parameter."""
    if not isinstance(given, dict):
        raise bad_input("body", "be one JSON object with a query; batches are not taken")
    query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
    if not isinstance(query, str) or not query:
        raise bad_input("query", "be a GraphQL document")
    if variables is not None and not isinstance(variables, dict):
        raise bad_input("variables", "be an object or null")
    if name is not None and not isinstance(name, str):
        raise bad_input("operationName", "be a string or null")
    extensions = given.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise bad_input("extensions", "be an object or null")
    return query, variables or {}, name or None

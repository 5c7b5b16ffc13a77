"""The schema says of each field who may have it, and the committed SDL is what is served."""

import re

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    is_input_type,
)

from app.practices import CURRENT
from graphql_schema.guards import guard_of
from graphql_schema.schema import SDL_PATH, build_schema, print_sdl

SCHEMA = build_schema()
OBJECTS = {
    name: type_
    for name, type_ in SCHEMA.type_map.items()
    if isinstance(type_, GraphQLObjectType) and not name.startswith("__")
}
# Fields of the envelope, the server's own stamps, and what is derived: not items of the notice.
RESTRICTED_NAMES = {
    *(["intercomid", "intercomemail", "msupn", "msemail", "name", "msuserid", "mstenantid", "tld", "companyname"]),
    *(
        [
            "mstenantinitialdomain",
            "mstenantdefaultdomain",
            "ipaddress",
            "upn",
            "email",
            "tenant",
            "tenantid",
            "domain",
            "ip",
        ]
    ),
}
# The one look-up by UPN (design section 6), and what a save or a report brings in.
INPUTS_THAT_WRITE = {"IdentifiedProfileInput", "AuthenticatedProfileInput", "CompanyInput", "UpnInput"}


def test_what_can_be_asked_is_described() -> None:
    """GraphiQL shows a sentence beside each root field, and beside each field that has a resolver of its own."""
    roots = [root for root in (SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type) if root]
    silent = [f"{root.name}.{name}" for root in roots for name, field in root.fields.items() if not field.description]
    assert silent == []


def test_every_field_states_a_guard() -> None:
    """Queries, mutations, subscriptions and every object's fields."""
    silent = [
        f"{name}.{field_name}"
        for name, type_ in OBJECTS.items()
        for field_name, field in type_.fields.items()
        if guard_of(name, field) is None
    ]
    assert silent == []


def test_root_fields_name_an_action() -> None:
    """No root field is open for want of a guard: each names a row of the table of rights."""
    roots = filter(None, (SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type))
    silent = []
    for root in roots:
        for name, field in root.fields.items():
            guard = guard_of(root.name, field)
            if guard is None or guard.action is None:
                silent.append(f"{root.name}.{name}")
    assert silent == []


def test_restricted_fields_are_nullable_and_take_no_argument() -> None:
    """A refusal can always be null, and nothing can be asked of a hidden value."""
    wrong = [
        f"{name}.{field_name}"
        for name, type_ in OBJECTS.items()
        for field_name, field in type_.fields.items()
        if (guard := guard_of(name, field))
        and guard.restricted
        and (field.args or isinstance(field.type, GraphQLNonNull))
    ]
    assert wrong == []


def test_no_restricted_value_can_be_asked_for() -> None:
    """No argument, filter or input field takes a restricted value, but for what is saved and the one look-up."""
    asked = [
        f"{name}.{field_name}({argument})"
        for name, type_ in OBJECTS.items()
        for field_name, field in type_.fields.items()
        for argument in field.args
        if argument.lower() in RESTRICTED_NAMES
    ]
    asked += [
        f"{name}.{field_name}"
        for name, type_ in SCHEMA.type_map.items()
        if isinstance(type_, GraphQLInputObjectType) and name not in INPUTS_THAT_WRITE
        for field_name in type_.fields
        if field_name.lower() in RESTRICTED_NAMES
    ]
    assert set(asked) <= {"SupportSubjectInput.upn"}


RESTRICTED_PARTS = ("upn", "email", "mail", "tenant", "domain", "tld", "ipaddr", "intercom", "directory", "companyname")


def test_no_part_of_a_name_asks_for_a_restricted_value() -> None:
    """Nor as `upnPrefix`, `orderByTenant` or a value of an enum that a caller may choose from."""
    chosen = [
        f"{name}.{value}"
        for name, type_ in SCHEMA.type_map.items()
        if isinstance(type_, GraphQLEnumType) and not name.startswith("__") and name != "RestrictedKind"
        for value in type_.values
    ]
    chosen += [
        f"{name}.{field_name}"
        for name, type_ in SCHEMA.type_map.items()
        if isinstance(type_, GraphQLInputObjectType) and name not in INPUTS_THAT_WRITE
        for field_name in type_.fields
    ]
    chosen += [
        f"{name}.{field_name}.{argument}"
        for name, type_ in OBJECTS.items()
        for field_name, field in type_.fields.items()
        for argument in field.args
    ]
    asked = {
        name
        for name in chosen
        if any(part in name.rpartition(".")[2].lower().replace("_", "") for part in RESTRICTED_PARTS)
    }
    assert asked == {"SupportSubjectInput.upn"}


def test_committed_sdl_is_what_is_served() -> None:
    """`graphql_schema/schema.graphql` is up to date (scripts/schema writes it)."""
    assert SDL_PATH.read_text(encoding="utf-8") == print_sdl()


def test_sdl_prints_the_directives() -> None:
    """Who may have what, and what is restricted, can be read in the SDL."""
    sdl = print_sdl()
    assert re.search(r"msUpn: String @restricted\(kind: UPN\)", sdl)
    assert re.search(r"takeSupportRequest\(.*@rights\(roles: \[SUPPORT, SUPPORT_LEAD\]", sdl) or "@rights(roles:" in sdl


def test_items_of_the_notice_have_their_fields() -> None:
    """Each item of the notice names a coordinate that the schema has."""
    missing = []
    for item in CURRENT.items:
        for carrier in item.carriers:
            type_name, _, field_name = carrier.coordinate.partition(".")
            type_ = SCHEMA.type_map.get(type_name)
            if field_name not in getattr(type_, "fields", {}):
                missing.append(carrier.coordinate)
    assert missing == []


def test_restricted_items_carry_the_directive() -> None:
    """What the notice's registry calls restricted is restricted in the schema, and nothing else is."""
    stated = {
        carrier.coordinate: item.restricted for item in CURRENT.items for carrier in item.carriers if item.restricted
    }
    served = {
        f"{name}.{field_name}": guard.restricted.value
        for name, type_ in OBJECTS.items()
        for field_name, field in type_.fields.items()
        if (guard := guard_of(name, field)) and guard.restricted
    }
    assert served == stated


def test_interfaces_promise_what_objects_have() -> None:
    """Restricted fields never stand on an interface, where a guard could be missed."""
    names = [
        f"{name}.{field}"
        for name, type_ in SCHEMA.type_map.items()
        if isinstance(type_, GraphQLInterfaceType)
        for field in type_.fields
        if field.lower() in RESTRICTED_NAMES - {"name"}
    ]
    assert names == []
    assert is_input_type(SCHEMA.type_map["ID"])

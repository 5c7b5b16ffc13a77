"""Guards: each field of the schema states who may have it, and none is served that does not.

A root field (and any field with a right of its own) is `guarded(action)`; a plain field of a type marked `@inherits`
goes to whoever has its parent; a `restricted(kind)` field is opened by the disclosure alone. `bind_guards` wraps the
resolvers of the built schema and refuses to start with a field that says nothing (deny by default). A mutation begins
only while this host's clock can be right: what it stores and decides is dated by it.
"""

import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from types import CoroutineType
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLField, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema
from strawberry.schema_directive import Location

from app.database.clock_watch import ClockWatch
from app.errors import AppError, forbidden
from auth.principal import Principal, Role
from auth.rights import Action, open_to_anonymous, roles_with, scopes_of
from graphql_schema.disclosing import reveal
from graphql_schema.fast.rows import PROMPT

GUARD = "guard"
DEFINITION = "strawberry-definition"

RoleEnum = strawberry.enum(Role, name="Role", description="What a token may grant; tokens spell it in lower case.")


@strawberry.enum(description="What a restricted field holds.")
class RestrictedKind(StrEnum):
    """What a restricted field holds."""

    UPN = "UPN"
    EMAIL = "EMAIL"
    PERSON_NAME = "PERSON_NAME"
    DIRECTORY_ID = "DIRECTORY_ID"
    TENANT_ID = "TENANT_ID"
    TENANT_DOMAIN = "TENANT_DOMAIN"
    IP = "IP"


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="restricted",
    description="Opens only to support staff who have taken a direct support request about the subject.",
)
class Restricted:
    """The `@restricted` directive of the SDL."""

    kind: RestrictedKind


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="rights",
    description="The roles that may have the field; how far each reaches is told in the README.",
)
class Rights:
    """The `@rights` directive of the SDL."""

    roles: list[Role]
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Guard:
    """What a field states: an action of the table of rights, or a restricted kind, or that it goes with its parent."""

    action: Action | None = None
    restricted: RestrictedKind | None = None


INHERITED = Guard()
_INHERITING: set[str] = set()
Type = TypeVar("Type", bound=type)


def inherits(cls: Type) -> Type:
    """Mark a type whose plain fields go to whoever may have the object itself."""
    _INHERITING.add(cls.__name__)
    return cls


def guarded(action: Action, description: str = "") -> Any:
    """Return what makes a resolver a field that only callers with `action` may have, described by its own text."""
    return _declare(strawberry.field, action, description)


def guarded_subscription(action: Action) -> Any:
    """Return the same for a subscription, which only callers with `action` may start; each event is checked again."""
    return _declare(strawberry.subscription, action)


def _declare(make: Callable[..., Any], action: Action, description: str = "") -> Callable[[Callable[..., Any]], Any]:
    rights = Rights(roles=list(roles_with(action)), anonymous=open_to_anonymous(action))

    def declare(resolver: Callable[..., Any]) -> Any:
        told = description or " ".join((inspect.getdoc(resolver) or "").split())
        return make(resolver, description=told, directives=[rights], metadata={GUARD: Guard(action=action)})

    return declare


def restricted(kind: RestrictedKind) -> Any:
    """Return a field whose value only the disclosure opens."""
    return strawberry.field(
        directives=[Restricted(kind=kind)],
        metadata={GUARD: Guard(restricted=kind)},
        description="Restricted support data: null with a coded error unless a taken support request opens it.",
        default=None,
    )


class UnguardedFieldError(Exception):
    """A field of the schema does not say who may have it."""


def guard_of(type_name: str, field: GraphQLField) -> Guard | None:
    """Return what a field of the built schema states, or None if it states nothing."""
    definition = field.extensions.get(DEFINITION)
    stated = definition.metadata.get(GUARD) if definition is not None else None
    if stated is not None:
        return stated
    origin = getattr(definition, "origin", None)
    names = {type_name, getattr(origin, "__name__", type_name)}
    return INHERITED if names & _INHERITING else None


def bind_guards(schema: GraphQLSchema) -> None:
    """Wrap each guarded resolver of the schema; raises `UnguardedFieldError` that names fields without a guard."""
    unguarded = []
    for name, graphql_type in schema.type_map.items():
        if name.startswith("__") or not isinstance(graphql_type, GraphQLObjectType):
            continue
        for field_name, field in graphql_type.fields.items():
            guard = guard_of(name, field)
            if guard is None:
                unguarded.append(f"{name}.{field_name}")
            elif guard.restricted is not None:
                field.resolve = reveal
            elif guard.action is not None:
                if graphql_type is schema.mutation_type:
                    field.resolve = _when_clock_is_right(field.resolve)
                _wrap(field, guard.action)
    if unguarded:
        raise UnguardedFieldError(", ".join(sorted(unguarded)))


def _when_clock_is_right(resolve: Any) -> Callable[..., Any]:
    """Return a mutation's resolver that first looks at the clock, unless it waits for nothing and so stores nothing."""

    def resolve_when_clock_is_right(source: object, info: GraphQLResolveInfo[Any], **arguments: object) -> Any:
        result = resolve(source, info, **arguments)
        if type(result) is CoroutineType:
            return _begin_when_clock_is_right(info.context.services.clock_watch, result)
        return result

    return resolve_when_clock_is_right


async def _begin_when_clock_is_right(watch: ClockWatch, mutation: Coroutine[Any, Any, Any]) -> Any:
    try:
        await watch.check()
    except BaseException:
        mutation.close()
        raise
    return await mutation


def _wrap(field: GraphQLField, action: Action) -> None:
    def checked(resolve: Callable[..., Any]) -> Callable[..., Any]:
        def resolve_if_allowed(source: object, info: GraphQLResolveInfo[Any], **arguments: object) -> Any:
            check_right(info.context.principal, action, f"{info.parent_type.name}.{info.field_name}")
            result = resolve(source, info, **arguments)
            if type(result) is CoroutineType:  # restricted fields wait for it, to be opened together with its own
                return info.context.disclosures.count(result)
            return result

        setattr(resolve_if_allowed, PROMPT, getattr(resolve, PROMPT, False))
        return resolve_if_allowed

    if field.subscribe is not None:
        field.subscribe = checked(field.subscribe)
    if field.resolve is not None:
        field.resolve = checked(field.resolve)


def check_right(principal: Principal, action: Action, coordinate: str) -> None:
    """Raise `FORBIDDEN` unless one of the caller's roles reaches `action` at all."""
    if not scopes_of(principal, action):
        raise refusal(action, coordinate)


def refusal(action: Action, coordinate: str) -> AppError:
    """Return the refusal of a field for want of a role, with the roles that have it."""
    roles = ", ".join(role.value for role in roles_with(action))
    return forbidden(coordinate, f"a token with one of the roles: {roles}")

"""The schema: every domain's fields under the three roots, guarded, and printed to `schema.graphql`."""

from functools import lru_cache
from pathlib import Path

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from graphql_schema.anonymous_usage import AnonymousUsageQueries
from graphql_schema.binding import bind_resolvers
from graphql_schema.census import CensusMutations, CensusQueries
from graphql_schema.dashboards import DashboardQueries
from graphql_schema.error_groups import ErrorGroupQueries
from graphql_schema.error_reports import ErrorMutations, ErrorQueries
from graphql_schema.explain import ExplainQueries
from graphql_schema.guards import bind_guards
from graphql_schema.live import Subscription, bind_events
from graphql_schema.me import MeQueries
from graphql_schema.practices import PracticesQueries
from graphql_schema.profiles import AnonymousProfile, AuthenticatedProfile, IdentifiedProfile, ProfileQueries
from graphql_schema.reading import read_field
from graphql_schema.receipts import ReceiptQueries
from graphql_schema.retention import RetentionQueries
from graphql_schema.saving import SaveMutations
from graphql_schema.scalars import SCALARS
from graphql_schema.subject_rights import SubjectRightsMutations, SubjectRightsQueries
from graphql_schema.support import SupportMutations, SupportQueries
from graphql_schema.usage import UsageMutations, UsageQueries
from graphql_schema.usage_types import EVENT_TYPES

SDL_PATH = Path(__file__).with_name("schema.graphql")


@strawberry.type
class Query(
    PracticesQueries,
    MeQueries,
    ProfileQueries,
    UsageQueries,
    DashboardQueries,
    AnonymousUsageQueries,
    ErrorQueries,
    ErrorGroupQueries,
    RetentionQueries,
    CensusQueries,
    SupportQueries,
    ReceiptQueries,
    ExplainQueries,
    SubjectRightsQueries,
):
    """Everything that can be read."""


@strawberry.type
class Mutation(
    CensusMutations, UsageMutations, ErrorMutations, SaveMutations, SupportMutations, SubjectRightsMutations
):
    """Everything that can be written."""


@lru_cache(maxsize=1)
def build_strawberry_schema() -> strawberry.Schema:
    """Return Strawberry's schema, unguarded: for printing and for `build_schema`."""
    return strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[AnonymousProfile, IdentifiedProfile, AuthenticatedProfile, *EVENT_TYPES],
        config=StrawberryConfig(scalar_map=SCALARS, default_resolver=read_field, disable_field_suggestions=True),
    )


@lru_cache(maxsize=1)
def build_schema() -> GraphQLSchema:
    """Return the schema that is served: each resolver behind its guard; raises if a field states none."""
    declared = build_strawberry_schema()
    schema = declared._schema  # noqa: SLF001 - Strawberry gives no other way to its graphql-core schema
    bind_resolvers(schema, declared)
    bind_events(schema)
    bind_guards(schema)
    return schema


def print_sdl() -> str:
    """Return the SDL with the `@rights` and `@restricted` directives."""
    return f"{build_strawberry_schema().as_str()}\n"

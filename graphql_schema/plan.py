"""Plan once, run often: a document is parsed, weighed, validated and priced once and kept, bounded, by its text.

A request then only fills in variables. Only documents that passed are kept, so refusing stays cheap and the cache holds
nothing hostile.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import graphql.validation.rules.overlapping_fields_can_be_merged as overlapping_fields
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)

from app.errors import AppError, ErrorCode
from graphql_schema.cost import Cost, Pricer
from graphql_schema.fast.executor import Compiled
from graphql_schema.limits import LIMITS, check, more_than
from graphql_schema.weighing import check_document

KEPT_PLANS = 500
# Of all documents together: a plan takes 110 to 540 times its text. A full cache took 21 to 33 MiB of usual documents,
# and 88 MiB of the densest found (500 of 340 characters, all short names).
KEPT_CHARACTERS = 200_000
LONGEST_KEPT = 20_000  # characters; a longer document is planned each time: few would push out all others
ERRORS_MAX = 20

# The rule that compares fields of one name with each other is the only one whose work outgrows the document; this is
# graphql-core's own way to bound it.
overlapping_fields.MAX_COMPLEXITY_BUDGET = LIMITS.overlap


class InvalidDocumentError(Exception):
    """The text is not a document of this schema; holds what GraphQL finds wrong."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        """Keep the errors."""
        super().__init__("invalid document")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Plan:
    """A valid document, ready to run; operations and their costs by name."""

    fragments: dict[str, FragmentDefinitionNode]
    operations: Mapping[str | None, OperationDefinitionNode]
    costs: Mapping[str | None, Cost]
    introspects: bool
    has_directives: bool
    compiled: dict[str | None, Compiled] = field(default_factory=dict)

    def choose(self, name: str | None) -> OperationDefinitionNode:
        """Return the operation to run; raises `BAD_USER_INPUT` when the request does not say which."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is not None and name in self.operations:
            return self.operations[name]
        message = "operationName must name one of the operations of the document."
        raise AppError(ErrorCode.BAD_USER_INPUT, message, field="operationName")

    def cost_of(self, operation: OperationDefinitionNode) -> Cost:
        """Return what an operation of this plan costs."""
        return self.costs[name_of(operation)]


class PlanCache:
    """The plans of the documents that were asked last, bounded by their number and by their characters together."""

    def __init__(self, schema: GraphQLSchema, kept: int = KEPT_PLANS) -> None:
        """Take the schema that documents are validated against."""
        self._schema = schema
        self._kept = kept
        self._plans: OrderedDict[str, Plan] = OrderedDict()
        self._characters = 0

    def __len__(self) -> int:
        return len(self._plans)

    def plan(self, text: str) -> Plan:
        """Return the plan of a document; raises `AppError` (too complex) or `InvalidDocumentError`."""
        known = self._plans.get(text)
        if known is not None:
            self._plans.move_to_end(text)
            return known
        made = make_plan(self._schema, text)
        if len(text) <= LONGEST_KEPT:
            self._keep(text, made)
        return made

    def _keep(self, text: str, plan: Plan) -> None:
        self._plans[text] = plan
        self._characters += len(text)
        while len(self._plans) > self._kept or self._characters > KEPT_CHARACTERS:
            oldest, _ = self._plans.popitem(last=False)
            self._characters -= len(oldest)


def make_plan(schema: GraphQLSchema, text: str) -> Plan:
    """Return the plan of a document that nobody asked before; raises as `PlanCache.plan`."""
    check("characters", len(text), LIMITS.characters)
    check("lines", text.count("\n") + text.count("\r"), LIMITS.lines)
    document = _parse(text)
    check_document(document)
    _validate(schema, document)
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    operations = {name_of(node): node for node in document.definitions if isinstance(node, OperationDefinitionNode)}
    pricer = Pricer(schema, fragments)
    costs, introspects = {}, False
    for name, operation in operations.items():
        costs[name], introspection = pricer.price(operation)
        check("introspections", len(introspection), LIMITS.introspections)
        check("introspection points", int(sum(introspection)), LIMITS.introspection_cost)
        introspects = introspects or bool(introspection)
    # An @ elsewhere (in a string) only means that this document takes the ordinary way.
    return Plan(fragments, operations, costs, introspects, has_directives="@" in text)


def _parse(text: str) -> DocumentNode:
    try:
        return parse(
            text, max_lexical_tokens=LIMITS.tokens, max_comments=LIMITS.tokens, allow_empty_selection_sets=False
        )
    except GraphQLError as error:
        for limit in ("tokens", "comments"):
            if f"more than {LIMITS.tokens} {limit}" in error.message:
                raise more_than(limit, LIMITS.tokens) from None
        raise InvalidDocumentError([error]) from None
    except RecursionError:  # graphql-core bounds nesting itself; this is for a stack that is deep already
        raise InvalidDocumentError([GraphQLError("The document is nested too deeply.")]) from None


def _validate(schema: GraphQLSchema, document: DocumentNode) -> None:
    errors = validate(schema, document, max_errors=ERRORS_MAX, hide_suggestions=True, allow_empty_selection_sets=False)
    if errors and errors[-1].message == "Validation aborted.":
        raise more_than("comparisons of fields of one name", LIMITS.overlap)
    if errors:
        raise InvalidDocumentError(errors)


def name_of(operation: OperationDefinitionNode) -> str | None:
    """Return the operation's name, or None if it has none."""
    return operation.name.value if operation.name else None


def is_mutation(operation: OperationDefinitionNode) -> bool:
    """Return whether the operation writes."""
    return operation.operation is OperationType.MUTATION

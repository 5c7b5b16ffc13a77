"""Plan once, run often: a document is parsed, weighed and validated once and kept, bounded, by its text.

A request then only fills in variables. Only documents that passed are kept, so refusing stays cheap and the cache holds
nothing hostile.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    Visitor,
    parse,
    validate,
    visit,
)

from app.errors import AppError, ErrorCode
from graphql_schema.limits import LIMITS, check, check_document

KEPT_PLANS = 500


class InvalidDocumentError(Exception):
    """The text is not a document of this schema; holds what GraphQL finds wrong."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        """Keep the errors."""
        super().__init__("invalid document")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Plan:
    """A valid document, ready to run."""

    document: DocumentNode
    fragments: dict[str, FragmentDefinitionNode]
    operations: Mapping[str | None, OperationDefinitionNode]
    introspects: bool

    def choose(self, name: str | None) -> OperationDefinitionNode:
        """Return the operation to run; raises `BAD_USER_INPUT` when the request does not say which."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is not None and name in self.operations:
            return self.operations[name]
        message = "operationName must name one of the operations of the document."
        raise AppError(ErrorCode.BAD_USER_INPUT, message, field="operationName")


class _IntrospectionFinder(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_field(self, node: FieldNode, *_: object) -> None:
        if node.name.value in {"__schema", "__type"}:
            self.found = True


class PlanCache:
    """The plans of the documents that were asked last."""

    def __init__(self, schema: GraphQLSchema, kept: int = KEPT_PLANS) -> None:
        """Take the schema that documents are validated against."""
        self._schema = schema
        self._kept = kept
        self._plans: OrderedDict[str, Plan] = OrderedDict()

    def plan(self, text: str) -> Plan:
        """Return the plan of a document; raises `AppError` (too complex) or `InvalidDocumentError`."""
        known = self._plans.get(text)
        if known is not None:
            self._plans.move_to_end(text)
            return known
        made = self._make(text)
        self._plans[text] = made
        if len(self._plans) > self._kept:
            self._plans.popitem(last=False)
        return made

    def _make(self, text: str) -> Plan:
        check("characters", len(text), LIMITS.characters)
        document = _parse(text)
        check_document(document)
        errors = validate(
            self._schema, document, max_errors=20, hide_suggestions=True, allow_empty_selection_sets=False
        )
        if errors:
            raise InvalidDocumentError(errors)
        finder = _IntrospectionFinder()
        visit(document, finder)
        operations = {
            node.name.value if node.name else None: node
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        }
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        return Plan(document, fragments, operations, finder.found)


def _parse(text: str) -> DocumentNode:
    try:
        return parse(
            text, max_lexical_tokens=LIMITS.tokens, max_comments=LIMITS.tokens, allow_empty_selection_sets=False
        )
    except GraphQLError as error:
        if "token" in error.message and "limit" in error.message.lower():
            check("tokens", LIMITS.tokens + 1, LIMITS.tokens)
        raise InvalidDocumentError([error]) from None
    except RecursionError:
        raise InvalidDocumentError([GraphQLError("The document is nested too deeply.")]) from None


def is_mutation(operation: OperationDefinitionNode) -> bool:
    """Return whether the operation writes."""
    return operation.operation is OperationType.MUTATION

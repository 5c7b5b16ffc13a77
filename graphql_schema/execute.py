"""Runs an operation: plan, rights to introspect, variables, cost, execution, errors through the one door.

The plan is made once per document; here a request only fills in its variables. Knows nothing of HTTP.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, cast

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    default_type_resolver,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.execute import default_field_resolver
from graphql.execution.values import VariableValues

from app.database.deadline import Deadline
from app.errors import AppError, ErrorCode
from app.operation import Answer, Ask
from graphql_schema.context import Context, Services
from graphql_schema.errors import format_error, format_refusals, to_public
from graphql_schema.fast.executor import Compiled, FastExecutor, OrdinaryExecutor, let_go
from graphql_schema.fast.reads import SingleRead
from graphql_schema.fast.rows import Unexpected
from graphql_schema.fast.variables import compile_variables, fill_variables
from graphql_schema.limits import LIMITS, check
from graphql_schema.plan import InvalidDocumentError, Plan, PlanCache, is_mutation, name_of
from graphql_schema.variables import InvalidVariablesError, coerce_variables

Executor = FastExecutor | OrdinaryExecutor
_MUTATION_BY_GET = AppError(ErrorCode.BAD_USER_INPUT, "A mutation cannot be sent with GET.")


class Runner:
    """Runs operations against the schema."""

    def __init__(self, schema: GraphQLSchema, services: Services) -> None:
        """Take the bound schema and the running system's parts."""
        self.schema = schema
        self.services = services
        self.plans = PlanCache(schema)
        settings = services.settings
        away_seconds = settings.database_timeout_ms / 1000
        self.deadline = Deadline(services.database, settings.operation_seconds, away_seconds=away_seconds)

    async def run(self, ask: Ask) -> Answer:
        """Return the answer to an operation; never raises but for cancellation."""
        name: str | None = None
        try:
            plan = self.plans.plan(ask.query)
            operation = plan.choose(ask.operation_name)
            name = name_of(operation)
            check_is_no_subscription(operation)
            if ask.read_only and is_mutation(operation):
                return replace(refuse([_MUTATION_BY_GET], name), needs_post=True)
            self.check_operation(plan, ask)
            executor = self.prepare(plan, operation, ask)
            result = await self.execute(executor)
        except (InvalidDocumentError, InvalidVariablesError) as error:
            return refuse(error.errors, name)
        except Exception as error:  # noqa: BLE001 - the one door masks what it does not know
            return refuse([to_public(error, ask.request_id)], name)
        return complete(result.data, result.errors or (), ask.request_id, name)

    def check_operation(self, plan: Plan, ask: Ask) -> None:
        """Raise unless this caller may send a document like this."""
        settings = self.services.settings
        if plan.introspects and not settings.in_development:
            if settings.introspection == "development":
                raise AppError(ErrorCode.FORBIDDEN, "Introspection is off.")
            if ask.principal.is_anonymous:
                raise AppError(ErrorCode.FORBIDDEN, "Introspection needs a token.", needs="a token")

    def prepare(self, plan: Plan, operation: OperationDefinitionNode, ask: Ask) -> SingleRead | Executor:
        """Return what runs an operation for its caller; raises when variables or cost do not fit."""
        compiled = self._compiled(plan, operation)
        variables, context = self._begin(plan, operation, ask, compiled)
        executor = partial(self._executor, plan, operation, variables, context)
        if compiled.read is not None:
            return SingleRead(compiled.read, self.schema, plan.fragments, variables, context, executor)
        return executor()

    async def execute(self, executor: SingleRead | Executor) -> ExecutionResult:
        """Run an operation within its time budget; what may not leave any more at its end does not."""
        return await self.deadline.run(executor.run if isinstance(executor, SingleRead) else partial(_run, executor))

    def make_executor(self, plan: Plan, operation: OperationDefinitionNode, ask: Ask) -> Executor:
        """Return an executor in any case, which a subscription needs."""
        compiled = self._compiled(plan, operation)
        return self._executor(plan, operation, *self._begin(plan, operation, ask, compiled))

    def _begin(
        self, plan: Plan, operation: OperationDefinitionNode, ask: Ask, compiled: Compiled
    ) -> tuple[VariableValues, Context]:
        variables = self._fill(operation, compiled, ask)
        points = plan.cost_of(operation).total(variables.coerced)
        check("cost points", points, LIMITS.cost)
        services = self.services
        return variables, Context(
            services, ask.principal, ask.now, ask.request_id, ask.address, points, compiled.selected
        )

    def _executor(
        self, plan: Plan, operation: OperationDefinitionNode, variables: VariableValues, context: Context | None
    ) -> Executor:
        may_be_fast = self.services.settings.fast_execution and not plan.has_directives
        executor = (FastExecutor if may_be_fast else OrdinaryExecutor)(
            self.schema,
            plan.fragments,
            {name: FragmentDetails(node, None) for name, node in plan.fragments.items()},
            None,
            context,
            operation,
            variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            operation_extensions={},
        )
        executor.compiled = plan.compiled[name_of(operation)]
        return executor

    def _compiled(self, plan: Plan, operation: OperationDefinitionNode) -> Compiled:
        """Return what is kept of an operation, made when it is asked first."""
        name = name_of(operation)
        known = plan.compiled.get(name)
        if known is not None:
            return known
        compiled = plan.compiled[name] = Compiled()
        if self.services.settings.fast_execution:
            compiled.variables = compile_variables(self.schema, operation)
        executor = self._executor(plan, operation, VariableValues({}, {}), None)
        if isinstance(executor, FastExecutor):
            compiled.read = executor.compile_read()
        let_go(executor)
        return compiled

    def _fill(self, operation: OperationDefinitionNode, compiled: Compiled, ask: Ask) -> VariableValues:
        if compiled.variables is not None and len(ask.variables) <= len(compiled.variables):
            with suppress(Unexpected):  # the ordinary way words what does not fit
                return fill_variables(compiled.variables, ask.variables)
        return coerce_variables(self.schema, operation, ask.variables, fast=self.services.settings.fast_execution)


async def _run(executor: Executor) -> ExecutionResult:
    disclosures = executor.context_value.disclosures
    return cast("ExecutionResult", await disclosures.settle(await executor.run()))


def check_is_no_subscription(operation: OperationDefinitionNode) -> None:
    """Raise `BAD_USER_INPUT` for an operation that one answer cannot hold."""
    if operation.operation is OperationType.SUBSCRIPTION:
        raise AppError(ErrorCode.BAD_USER_INPUT, "A subscription needs a WebSocket or an event stream.")


def complete(
    data: Mapping[str, Any] | None, errors: Sequence[GraphQLError], request_id: str, name: str | None
) -> Answer:
    """Return the answer of an executed operation."""
    body: dict[str, Any] = {"data": data}
    if not errors:
        return Answer(body, executed=True, operation=name)
    body["errors"] = [format_error(error, request_id) for error in errors]
    return Answer(body, executed=True, codes=_codes(body), operation=name)


def refuse(errors: Sequence[GraphQLError | AppError], name: str | None) -> Answer:
    """Return the answer to a request that is not executed."""
    body = {"errors": format_refusals(errors)}
    return Answer(body, executed=False, codes=_codes(body), operation=name)


def _codes(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(error["extensions"]["code"] for error in body["errors"])

"""Runs an operation: plan, rights to introspect, variables, execution, errors through the one door.

The plan is made once per document; here a request only fills in its variables. Knows nothing of HTTP.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, default_type_resolver
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.execute import default_field_resolver

from app.errors import AppError, ErrorCode
from app.operation import Answer, Ask
from graphql_schema.context import Context, Services
from graphql_schema.errors import format_error, to_public
from graphql_schema.fast.executor import Compiled, FastExecutor, OrdinaryExecutor
from graphql_schema.plan import InvalidDocumentError, Plan, PlanCache, is_mutation
from graphql_schema.variables import InvalidVariablesError, coerce_variables


class Runner:
    """Runs operations against the schema."""

    def __init__(self, schema: GraphQLSchema, services: Services) -> None:
        """Take the bound schema and the running system's parts."""
        self.schema = schema
        self.services = services
        self.plans = PlanCache(schema)

    async def run(self, ask: Ask) -> Answer:
        """Return the answer to an operation; never raises but for cancellation."""
        name = "anonymous"
        try:
            plan = self.plans.plan(ask.query)
            operation = plan.choose(ask.operation_name)
            name = operation.name.value if operation.name else name
            self._check_operation(plan, operation, ask)
            executor = self._prepare(plan, operation, ask)
            budget = self.services.settings.operation_seconds
            result = await asyncio.wait_for(executor.run(), budget)
        except (InvalidDocumentError, InvalidVariablesError) as error:
            return refuse(error.errors, ask.request_id, name)
        except Exception as error:  # noqa: BLE001 - the one door masks what it does not know
            return refuse([to_public(error, ask.request_id)], ask.request_id, name)
        return complete(result.data, result.errors or (), ask.request_id, name)

    def _check_operation(self, plan: Plan, operation: OperationDefinitionNode, ask: Ask) -> None:
        if ask.read_only and is_mutation(operation):
            raise AppError(ErrorCode.BAD_USER_INPUT, "A mutation cannot be sent with GET.")
        settings = self.services.settings
        if plan.introspects and ask.principal.is_anonymous and not settings.in_development:
            raise AppError(ErrorCode.FORBIDDEN, "Introspection needs a token.", needs="a token")

    def _prepare(self, plan: Plan, operation: OperationDefinitionNode, ask: Ask) -> OrdinaryExecutor | FastExecutor:
        settings = self.services.settings
        name = operation.name.value if operation.name else None
        variables = coerce_variables(self.schema, operation, ask.variables)
        context = Context(self.services, ask.principal, ask.now, ask.request_id, ask.address)
        executor_class = FastExecutor if settings.fast_execution and not plan.has_directives else OrdinaryExecutor
        executor = executor_class(
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
        executor.compiled = plan.compiled.setdefault(name, Compiled())
        return executor


def complete(data: Mapping[str, Any] | None, errors: Sequence[GraphQLError], request_id: str, name: str) -> Answer:
    """Return the answer of an executed operation."""
    body: dict[str, Any] = {"data": data}
    if errors:
        body["errors"] = [format_error(error, request_id) for error in errors]
    codes = tuple(error["extensions"]["code"] for error in body.get("errors", ()))
    return Answer(body, executed=True, codes=codes, operation=name)


def refuse(errors: Sequence[GraphQLError | AppError], request_id: str, name: str) -> Answer:
    """Return the answer to a request that is not executed."""
    formatted = []
    for error in errors:
        if isinstance(error, AppError):
            formatted.append({"message": error.message, "extensions": {"code": error.code, **error.details}})
        else:
            formatted.append(format_error(error, request_id))
    codes = tuple(str(error["extensions"]["code"]) for error in formatted)
    return Answer({"errors": formatted}, executed=False, codes=codes, operation=name)

"""Runs operations whose answers come one after the other; the transports (WebSocket, event stream) carry them.

Each event of a subscription is executed as an operation of its own: with the moment's clock, so that every right is
checked again, and its own time budget. A stream ends with the caller's token, or with the first event that is refused.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from graphql import ExecutionResult, GraphQLError, OperationDefinitionNode, OperationType
from graphql.execution import create_source_event_stream

from app.clock import Clock
from app.errors import AppError, ErrorCode
from app.operation import Answer, Ask
from graphql_schema.errors import to_public
from graphql_schema.execute import Runner, complete, refuse
from graphql_schema.plan import InvalidDocumentError, Plan, name_of
from graphql_schema.variables import InvalidVariablesError

END = object()


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Runs queries and mutations to their one answer, subscriptions to as many as there are."""

    runner: Runner
    clock: Clock

    async def subscribe(self, ask: Ask) -> AsyncGenerator[Answer, None]:
        """Give the answers to an operation; never raises but for cancellation."""
        name: str | None = None
        try:
            plan = self.runner.plans.plan(ask.query)
            operation = plan.choose(ask.operation_name)
            name = name_of(operation)
            if operation.operation is not OperationType.SUBSCRIPTION:
                yield await self.runner.run(ask)
                return
            self.runner.check_operation(plan, ask)
            async with aclosing(self._events(plan, operation, ask, name)) as answers:
                async for answer in answers:
                    yield answer
        except (InvalidDocumentError, InvalidVariablesError) as error:
            yield refuse(error.errors, name)
        except Exception as error:  # noqa: BLE001 - the one door masks what it does not know
            yield refuse([to_public(error, ask.request_id)], name)

    async def _events(
        self, plan: Plan, operation: OperationDefinitionNode, ask: Ask, name: str | None
    ) -> AsyncGenerator[Answer, None]:
        opened = create_source_event_stream(self.runner.make_executor(plan, operation, ask))
        source = opened if isinstance(opened, AsyncIterable | ExecutionResult) else await opened
        if isinstance(source, ExecutionResult):
            yield refuse([_own_error(error, ask) for error in source.errors or ()], name)
            return
        async with aclosing(cast("AsyncGenerator[Any, None]", source)) as events:
            while (event := await self._next_before(events, ask.principal.expires_at)) is not END:
                moment = replace(ask, now=self.clock())
                answer = await self._answer(plan, operation, moment, event)
                yield answer
                if answer.body.get("data") is None:
                    return
        if ask.principal.expires_at is not None and ask.principal.expires_at <= self.clock():
            raise AppError(ErrorCode.UNAUTHENTICATED, "The token has run out.")

    async def _next_before(self, events: Any, end: datetime | None) -> object:
        """Wait for the next event; `END` when there is none any more or the token has run out."""
        seconds = None if end is None else (end - self.clock()).total_seconds()
        if seconds is not None and seconds <= 0:
            return END
        try:
            async with asyncio.timeout(seconds):
                event: object = await anext(events)
        except (StopAsyncIteration, TimeoutError):
            return END
        return event

    async def _answer(self, plan: Plan, operation: OperationDefinitionNode, ask: Ask, event: object) -> Answer:
        executor = self.runner.make_executor(plan, operation, ask)
        executor.root_value = event
        result = await self.runner.execute(executor)
        return complete(result.data, result.errors or (), ask.request_id, name_of(operation))


def _own_error(error: GraphQLError, ask: Ask) -> GraphQLError | AppError:
    return to_public(error, ask.request_id) if error.original_error is not None else error

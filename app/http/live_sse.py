"""Operations over server-sent events, in the distinct connections mode of the npm package `graphql-sse`.

A POST of an operation that accepts `text/event-stream` best is answered with an event `next` for each answer and
`complete` at the end. A connection that stays silent gets a comment now and then, so that proxies keep it.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from anyio import CancelScope
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.errors import AppError
from app.http.body import ClientGoneError
from app.http.endpoint import GraphQLEndpoint, headers_of_call, log_call, new_request_id, to_json
from app.http.heads import header_values
from app.http.negotiation import choose_media_type
from app.http.problems import EVENT_STREAM, JSON, HttpError, to_reply
from app.operation import Answer, Ask

SILENCE_SECONDS = 12.0

Subscribe = Callable[[Ask], AsyncGenerator[Answer, None]]


@dataclass(frozen=True, slots=True)
class LiveEvents:
    """The endpoint of event streams, an ASGI app; who calls and what is asked is read as by the endpoint beside it."""

    subscribe: Subscribe
    endpoint: GraphQLEndpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a stream a request that asks for one, as the endpoint beside it all others."""
        if not wants_events(scope):
            await self.endpoint(scope, receive, send)
            return
        started, request_id, caller = time.perf_counter(), new_request_id(), None
        try:
            if scope["method"] != "POST":
                raise HttpError(405, "Use POST for an event stream.", {"Allow": "POST"})
            with self.endpoint.door.hold_place(scope):
                caller = await self.endpoint.door.identify(scope, request_id)
                ask = await self.endpoint.read(scope, receive, caller, request_id)
                with self.endpoint.door.hold_live(caller, ask.address):
                    await self._stream(ask, scope, receive, send)
        except AppError as error:
            reply = to_reply(error, JSON)
            reply.headers.update(headers_of_call(request_id))
            log_call(request_id, caller, None, reply.status, started)
            await reply.send(send)
            return
        except ClientGoneError:
            return

    async def _stream(self, ask: Ask, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {**headers_of_call(ask.request_id), "X-Accel-Buffering": "no"}
        stream = StreamingResponse(self._write(ask), headers=headers, media_type=EVENT_STREAM)
        await stream(scope, receive, send)

    async def _write(self, ask: Ask) -> AsyncIterator[bytes]:
        started, answer = time.perf_counter(), None
        async with aclosing(self.subscribe(ask)) as answers:
            coming: asyncio.Task[Answer] | None = None
            try:
                while True:
                    coming = coming or asyncio.create_task(_next(answers))
                    done, _ = await asyncio.wait({coming}, timeout=SILENCE_SECONDS)
                    if not done:
                        yield b":\n\n"
                        continue
                    answer, coming = coming.result(), None
                    yield b"event: next\ndata: " + to_json(answer.body) + b"\n\n"
            except StopAsyncIteration:
                yield b"event: complete\ndata:\n\n"
            finally:
                if coming is not None and not coming.done():
                    coming.cancel()
                    # Where the client hung up all that waits here is cancelled, again and again.
                    with CancelScope(shield=True):
                        await asyncio.wait({coming})
                log_call(ask.request_id, ask.principal, answer, 200, started)


async def _next(answers: AsyncGenerator[Answer, None]) -> Answer:
    return await anext(answers)


def wants_events(scope: Scope) -> bool:
    """Return whether a request asks for an event stream rather than for anything else that it takes."""
    accept = ",".join(header_values(scope, b"accept"))
    try:
        return EVENT_STREAM in accept.lower() and choose_media_type(accept) == EVENT_STREAM
    except HttpError:  # the endpoint beside says so
        return False

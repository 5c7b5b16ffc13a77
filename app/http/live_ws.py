"""Operations over WebSocket, by the protocol `graphql-transport-ws` of the npm package `graphql-ws`.

The token comes in the first message (`connection_init`, payload `{"Authorization": "Bearer ..."}`) or, from clients
that can, in the header of the upgrade; a cookie is never read, so another site cannot use a visitor's rights. When
the token runs out, running operations end with `UNAUTHENTICATED` and the connection is closed with 4401.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import ExitStack, aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app.clock import Clock
from app.errors import AppError, ErrorCode
from app.http.authentication import Doorkeeper
from app.http.body import read_json
from app.http.endpoint import new_request_id, to_json
from app.http.parameters import read_parameters
from app.http.problems import describe
from app.http.rate import Windows
from app.log import log
from app.operation import Answer, Ask
from auth.principal import ANONYMOUS, Principal

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0
MESSAGE_MAX_BYTES = 131_072  # a document of 100 000 characters and its variables
OPERATIONS_MAX = 20  # at the same time on one connection
MESSAGES_PER_MINUTE = 1_200
ID_MAX = 100

BAD_REQUEST, UNAUTHORIZED, FORBIDDEN = 4400, 4401, 4403
BAD_PROTOCOL, INIT_TIMEOUT, DUPLICATE_ID, TOO_MANY = 4406, 4408, 4409, 4429
TOO_BIG, TRY_AGAIN = 1009, 1013

Subscribe = Callable[[Ask], AsyncGenerator[Answer, None]]
Message = Mapping[str, Any]


class CloseError(Exception):
    """The connection is to be closed, with a code of the protocol and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        """Keep both."""
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class LiveSocket:
    """The WebSocket endpoint, an ASGI app."""

    subscribe: Subscribe
    door: Doorkeeper
    clock: Clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        socket = WebSocket(scope, receive, send)
        if PROTOCOL not in socket.scope["subprotocols"]:
            await socket.accept()
            await socket.close(BAD_PROTOCOL, "Subprotocol not acceptable")
            return
        with ExitStack() as place:
            try:
                place.enter_context(self.door.hold_place(socket.scope))
            except AppError as error:  # none is free; clients learn the code only after they were accepted
                await socket.accept(PROTOCOL)
                await socket.close(TRY_AGAIN, str(error.code))
                return
            await socket.accept(PROTOCOL)
            await self._serve(socket)

    async def _serve(self, socket: WebSocket) -> None:
        connection = Connection(self, socket)
        try:
            async with asyncio.TaskGroup() as group:
                connection.group = group
                await connection.serve()
        except* CloseError as closing:
            first = closing.exceptions[0]
            if isinstance(first, CloseError) and socket.application_state is WebSocketState.CONNECTED:
                with suppress(RuntimeError):  # the other side may have gone meanwhile
                    await socket.close(first.code, first.reason)
        except* WebSocketDisconnect:
            pass


@dataclass(slots=True, eq=False)
class Connection:
    """One connection: its caller and its running operations."""

    endpoint: LiveSocket
    socket: WebSocket
    group: asyncio.TaskGroup | None = None
    principal: Principal = ANONYMOUS
    operations: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    messages: Windows = field(default_factory=lambda: Windows(MESSAGES_PER_MINUTE, keys_max=1))

    async def serve(self) -> None:
        """Read messages until the connection ends; raises `CloseError` or `WebSocketDisconnect`."""
        try:
            async with asyncio.timeout(INIT_SECONDS):
                payload = await self._read_init()
        except TimeoutError:
            raise CloseError(INIT_TIMEOUT, "Connection initialisation timeout") from None
        self.principal = await self._admit(payload)
        if self.group is not None:
            self.group.create_task(self._end_with_token())
        await self._send({"type": "connection_ack"})
        while True:
            await self._handle(await self._read())

    async def _read_init(self) -> object:
        while True:
            message = await self._read()
            match message.get("type"):
                case "connection_init":
                    return message.get("payload")
                case "subscribe":
                    raise CloseError(UNAUTHORIZED, "Unauthorized")
                case _:
                    await self._handle(message)

    async def _end_with_token(self) -> None:
        """Close when the token has run out, after the running operations, which end by themselves then."""
        end = self.principal.expires_at
        if end is None:
            return
        await asyncio.sleep((end - self.endpoint.clock()).total_seconds())
        if self.operations:
            await asyncio.wait(self.operations.values())
        raise CloseError(UNAUTHORIZED, "Unauthorized")

    async def _handle(self, message: Message) -> None:
        match message.get("type"):
            case "ping":
                await self._send({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                self._start(message)
            case "complete":
                task = self.operations.pop(str(message.get("id")), None)
                if task is not None:
                    task.cancel()
            case "connection_init":
                raise CloseError(TOO_MANY, "Too many initialisation requests")
            case _:
                raise CloseError(BAD_REQUEST, "Unknown message type")

    async def _read(self) -> Message:
        text = await self._receive_text()
        if self.messages.take("", 1):
            raise CloseError(TOO_MANY, "Too many messages")
        if len(text) > MESSAGE_MAX_BYTES:
            raise CloseError(TOO_BIG, "Message too large")
        try:
            message = read_json(text.encode())
        except (AppError, UnicodeEncodeError):
            raise CloseError(BAD_REQUEST, "Message is not JSON") from None
        if not isinstance(message, dict):
            raise CloseError(BAD_REQUEST, "Message is not an object")
        return message

    async def _receive_text(self) -> str:
        message = await self.socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"], message.get("reason"))
        text: str | None = message.get("text")
        if text is None:
            raise CloseError(BAD_REQUEST, "Message is binary")
        return text

    async def _admit(self, payload: object) -> Principal:
        headers = self.socket.headers.getlist("authorization")
        given = {key.lower(): value for key, value in payload.items()} if isinstance(payload, dict) else {}
        value = given.get("authorization", headers[0] if len(headers) == 1 else None)
        token = None
        if value is not None:
            scheme, _, token = value.partition(" ") if isinstance(value, str) else ("", "", "")
            token = token if scheme.lower() == "bearer" else ""
        try:
            door = self.endpoint.door
            return await door.admit(token, door.address_of(self.socket.scope), new_request_id())
        except AppError as error:
            code = FORBIDDEN if error.code is ErrorCode.UNAUTHENTICATED else TRY_AGAIN
            raise CloseError(code, str(error.code)) from None

    def _start(self, message: Message) -> None:
        end = self.principal.expires_at
        if end is not None and end <= self.endpoint.clock():  # the timer may be late, or wait for an operation
            raise CloseError(UNAUTHORIZED, "Unauthorized")
        operation_id = message.get("id")
        if not isinstance(operation_id, str) or not 0 < len(operation_id) <= ID_MAX:
            raise CloseError(BAD_REQUEST, "An operation needs an id")
        if operation_id in self.operations:
            raise CloseError(DUPLICATE_ID, f"Subscriber for {operation_id} already exists")
        if len(self.operations) >= OPERATIONS_MAX:
            raise CloseError(TOO_MANY, "Too many operations")
        try:
            ask = self._ask(message.get("payload"))
        except AppError as error:
            raise CloseError(BAD_REQUEST, error.message) from None
        if self.group is not None:
            self.operations[operation_id] = self.group.create_task(self._run(operation_id, ask))

    def _ask(self, payload: object) -> Ask:
        query, variables, name = read_parameters(payload)
        return Ask(
            query=query,
            variables=variables,
            operation_name=name,
            principal=self.principal,
            request_id=new_request_id(),
            now=self.endpoint.clock(),
            address=self.endpoint.door.address_of(self.socket.scope),
        )

    async def _run(self, operation_id: str, ask: Ask) -> None:
        door = self.endpoint.door
        try:  # each operation counts like a call of its own
            await door.count(ask.principal, ask.address)
            with door.hold_live(ask.principal, ask.address):
                await self._give(operation_id, ask)
        except AppError as error:
            self.operations.pop(operation_id, None)
            await self._send({"id": operation_id, "type": "error", "payload": [describe(error)]})

    async def _give(self, operation_id: str, ask: Ask) -> None:
        is_refused = False
        answer: Answer | None = None
        async with aclosing(self.endpoint.subscribe(ask)) as answers:
            async for answer in answers:
                is_refused = not answer.executed
                kind, payload = ("error", answer.body["errors"]) if is_refused else ("next", answer.body)
                await self._send({"id": operation_id, "type": kind, "payload": payload})
        if self.operations.pop(operation_id, None) is not None and not is_refused:
            await self._send({"id": operation_id, "type": "complete"})
        log.info("live_operation", request_id=ask.request_id, operation=answer.operation if answer else None)
        if answer is not None and ErrorCode.UNAUTHENTICATED in answer.codes:
            raise CloseError(UNAUTHORIZED, "Unauthorized")

    async def _send(self, message: Message) -> None:
        text = to_json(message).decode()
        with suppress(RuntimeError):  # closed meanwhile; reading tells
            await self.socket.send_text(text)

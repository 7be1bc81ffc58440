"""One request and its answer, as messages pass: status, first and last byte, and whether the client stayed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter_ns
from typing import Any

from monitoring.recording import answered, errors
from monitoring.recording.context import Context
from monitoring.recording.methods import OTHER_METHOD
from monitoring.recording.recorder import recorder

from .performance import tally

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

CLIENT_GONE = 499
_BROKEN = 500
_MOST_BODY = 16_385
"""One more than what is looked at of a body: so it shows that there was more."""
_FRAMEWORKS = frozenset({"starlette", "fastapi"})
GONE = frozenset({"ClientDisconnect", "ClientDisconnected", "CancelledError"})
"""How frameworks and servers say that nobody gets the answer."""


class Exchange:
    """What is known of one request while it is answered.

    Args:
        context: Of the request.
        receive: The server's.
        send: The server's.

    Attributes:
        context: Of the request.
        started: Whether an answer has begun.
        recorded: Whether the request was recorded.
    """

    __slots__ = (
        "_answered",
        "_body",
        "_gone",
        "_outer",
        "_receive",
        "_request",
        "_send",
        "_start",
        "_status",
        "context",
        "recorded",
        "started",
    )

    def __init__(self, context: Context, receive: Receive, send: Send) -> None:
        self.context, self._request = context, context.request  # Django's may take its place
        self.started = self.recorded = self._gone = False
        self._receive, self._send = receive, send
        self._status = 0
        self._answered: BaseException | None = None
        self._body = recorder.config.record_body
        self._outer = sys.exc_info()[1]
        self._start = perf_counter_ns()

    async def receive(self) -> Message:
        """Pass on what the client sends; it may turn out to be gone."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._gone = True
        elif self._body:
            self._keep(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        """Pass on what is answered; with its last byte the request is recorded."""
        kind = message["type"]
        if kind == "http.response.start":
            self.started, self._status = True, message["status"]
            self._notice()
        try:
            await self._send(message)
        except OSError:  # as servers tell who writes to a client that is gone
            self._gone = True
            raise
        over = not message.get("more_body", False) if kind == "http.response.body" else kind == "http.response.pathsend"
        if over and not self.recorded:
            self.record(self._status)

    def _notice(self) -> None:
        """Take note of the exception that an answer is made for: those who handle one answer while they do."""
        error = sys.exc_info()[1]
        if error is not None and error is not self._outer:
            self.context.error = error

    def _keep(self, part: bytes) -> None:
        """Keep the beginning of what the application reads of the body."""
        request = vars(self._request)
        kept: bytes = request.get("_body", b"")
        if len(kept) < _MOST_BODY:
            request["_body"] = kept + part[: _MOST_BODY - len(kept)]

    def returned(self) -> None:
        """Record a request whose application has returned, if it did not end its answer: the client may be gone."""
        if not self.recorded:
            self.record(CLIENT_GONE if self._gone else _BROKEN)

    def raised(self, error: BaseException) -> None:
        """Record a request whose application has raised; what comes after the last byte is an error of its own."""
        gone = _is_given_up(error) or (self._gone and is_about_client(error))
        if gone:
            errors.disregard(error)  # the server logs what it is told
        if self.recorded:
            if isinstance(error, Exception) and not gone and error is not self._answered:
                errors.ended_process(error, OTHER_METHOD)
            return
        if not gone:
            self.context.error = error
        self.record(CLIENT_GONE if gone else _BROKEN)

    def record(self, status: int) -> None:
        """Record the request. Never raises."""
        self.recorded = True
        try:
            context = self.context
            duration = perf_counter_ns() - self._start
            request: Any = context.request
            match = request.resolver_match
            if context.error is not None and _is_of_framework(context.error):
                context.error = None  # no exception to mend: a router's way to say that there is no such address
            self._answered = context.error
            if self._gone and self._answered is not None and is_about_client(self._answered):
                status, context.error = CLIENT_GONE, None
            other = answered.REFUSED if context.refused else errors.UNMATCHED
            route = other if match is None else match.route
            answered.record(context, duration, request.method, route, status)
            tally.add(duration, failed=status >= _BROKEN)
        except Exception:  # the response is more important than its record
            recorder.failed()


def _is_given_up(error: BaseException) -> bool:
    """Whether the server has cancelled the request, and not the application a task of its own."""
    if not isinstance(error, asyncio.CancelledError):
        return False
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def is_about_client(error: BaseException) -> bool:
    """Whether an exception says that the client is gone, where that is known to be so."""
    return isinstance(error, OSError) or type(error).__name__ in GONE


def _is_of_framework(error: BaseException) -> bool:
    """Whether a framework has raised what it answers with a status, such as 404 where no route matches."""
    traceback = error.__traceback__
    if traceback is None or not hasattr(error, "status_code"):
        return False
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    module = traceback.tb_frame.f_globals.get("__name__")
    return isinstance(module, str) and module.partition(".")[0] in _FRAMEWORKS

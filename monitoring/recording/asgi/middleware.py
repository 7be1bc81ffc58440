"""The one pure-ASGI middleware beneath all documented ones: passes messages on, and records what passed.

Of several around one application the outermost records what all of them are for, once.
"""

from __future__ import annotations

from typing import Any

from monitoring.recording import errors, facets
from monitoring.recording.context import CONTEXT, GUARDED, Context, current
from monitoring.recording.methods import OTHER_METHOD
from monitoring.recording.recorder import recorder

from . import error_answers, handlers, wiring
from .error_answers import Answer
from .exchange import GONE, App, Exchange, Message, Receive, Send
from .http_exceptions import HttpError
from .refusals import refusal
from .request import AsgiRequest

_BROKEN = 500


class Middleware:
    """Records, protects and answers, as its facets say.

    Args:
        app: What it is put around; None for one that is only looked at.
        wanted: As in `facets`.
        **settings: Of this process, by their names in lower case; None for what is not given.
    """

    def __init__(self, app: App | None, wanted: int, **settings: object) -> None:
        self.app: Any = app
        self.facets = wanted
        wiring.adopt(**settings)
        if app is not None:
            wiring.begin()
            handlers.hear(app)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Pass a request on; what is none, untouched."""
        kind = scope["type"]
        if not recorder.enabled or kind not in ("http", "websocket", "lifespan"):
            await self.app(scope, receive, send)
        elif kind == "http":
            outer = scope.get(CONTEXT)
            if outer is None:
                await self._record(scope, receive, send)
            else:
                outer.facets |= self.facets
                await self._pass_on(outer, scope, receive, send)
        elif kind == "websocket":
            await self._talk(scope, receive, send)
        else:
            await self._live(scope, receive, send)

    async def _record(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        context = Context("", AsgiRequest(scope), facets=self.facets)
        context.adopt()
        scope[CONTEXT] = context
        token = current.set(context)
        exchange = Exchange(context, receive, send)
        try:
            try:
                await self._protect(context, scope, exchange.receive, exchange.send)
            except Exception as error:
                answers = self.facets & facets.ANSWERS and not exchange.started
                if not (answers and await _answered(context, scope, exchange.send, error)):
                    raise
            exchange.returned()
        except BaseException as error:
            exchange.raised(error)
            raise
        finally:
            current.reset(token)
            scope.pop(CONTEXT, None)  # the context holds the scope: do not leave them a cycle

    async def _pass_on(self, context: Context, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Pass on a request that another middleware of ours, around this one, records."""
        if not self.facets & facets.ANSWERS:
            await self._protect(context, scope, receive, send)
            return
        started = False

        async def told(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._protect(context, scope, receive, told)
        except Exception as error:
            if started or not await _answered(context, scope, send, error):
                raise

    async def _protect(self, context: Context, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if self.facets & facets.PROTECTION and GUARDED not in scope:
            scope[GUARDED] = True
            request: Any = context.request
            refused = refusal(request)
            if refused is not None:
                context.refused = True
                await _send(send, refused)
                return
        await self.app(scope, receive, send)

    async def _talk(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Pass a websocket on; an exception that ends it is an error."""
        context = Context("", AsgiRequest(scope), facets=self.facets)
        token = current.set(context)
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            errors.ended_process(error, OTHER_METHOD)
            raise
        finally:
            current.reset(token)

    async def _live(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Pass the lifespan on; decisions are followed from its start, and what is left is sent at its end."""

        async def told(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                wiring.follow()
            elif message["type"] == "lifespan.shutdown.complete":
                wiring.close()  # servers may end by a signal right after it
            await send(message)

        await self.app(scope, receive, told)


async def _answered(context: Context, scope: dict[str, Any], send: Send, error: Exception) -> bool:
    """Answer what nobody handled; return whether that is all, or servers should log it and tests see it."""
    if type(error).__name__ in GONE or _is_left_to_app(scope, error):
        return False
    answer = error_answers.of(context, error)
    context.unhandled = answer.status >= _BROKEN
    await _send(send, answer, silent=scope["method"] == "HEAD")
    return answer.status < _BROKEN


def _is_left_to_app(scope: dict[str, Any], error: Exception) -> bool:
    """Whether the application answers what nobody handled: by a handler of its own, or its debug page."""
    if isinstance(error, HttpError):
        return False
    app: Any = scope.get("app")
    own = getattr(app, "exception_handlers", None) or {}
    return bool(getattr(app, "debug", False)) or Exception in own or _BROKEN in own


async def _send(send: Send, answer: Answer, *, silent: bool = False) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": b"" if silent else answer.body})

"""Hears of exceptions that the application's own handlers answer, also behind a middleware with a task of its own.

Most are seen as their answer begins, since whoever handles an exception answers while doing so. Starlette's
`BaseHTTPMiddleware` hands answers from task to task; there only the handlers know.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from monitoring.recording import errors

_DEEPEST = 50
_HEARD = "_enginel_heard"


def hear(app: Any) -> None:
    """Have the exception handlers of a Starlette or FastAPI application tell what they answer.

    Args:
        app: What a middleware was put around; others than Starlette's are left alone.
    """
    for _ in range(_DEEPEST):
        for name in ("_exception_handlers", "_status_handlers"):
            handlers = getattr(app, name, None)
            if isinstance(handlers, dict):
                for key, handler in list(handlers.items()):
                    handlers[key] = _heard(handler)
        app = getattr(app, "app", None)
        if app is None:
            return


def _heard(handler: Callable[..., Any]) -> Callable[..., Any]:
    if hasattr(handler, _HEARD):
        return handler
    if inspect.iscoroutinefunction(handler):

        @functools.wraps(handler)
        async def awaited(connection: Any, error: Exception) -> Any:
            errors.note(error)
            return await handler(connection, error)

        setattr(awaited, _HEARD, True)
        return awaited
    if not inspect.isroutine(handler):  # an object: whether it is awaited, Starlette finds out
        return handler

    @functools.wraps(handler)
    def called(connection: Any, error: Exception) -> Any:
        errors.note(error)
        return handler(connection, error)

    setattr(called, _HEARD, True)
    return called

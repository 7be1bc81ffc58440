"""Executions whose process was killed, by a time limit or by the system: a worker's main process finds out.

Celery tells of them by a signal only where the task will not run again. What it puts back into the queue or retries is
told by nothing, though a message that kills one process after the other is what one wants to hear of. Therefore the
methods that learn of every kill are looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

from billiard.einfo import ExceptionWithTraceback  # type: ignore[attr-defined]  # its stubs lack it
from celery.exceptions import TimeLimitExceeded, WorkerLostError
from msgspec import Struct

from monitoring.recording.events import TaskState
from monitoring.recording.recorder import recorder

from . import worker

Method = Callable[..., Any]


class Kill(Struct):
    """What becomes known of a kill while Celery handles it.

    Attributes:
        request: The worker's request.
        exception: What Celery makes of it.
        state: How the execution ended; None while nothing said so, as for one that had succeeded before.
        put_back: Whether the message goes back into its queue.
    """

    request: Any
    exception: BaseException
    state: TaskState | None = None
    put_back: bool = False


_handled: ContextVar[Kill | None] = ContextVar("enginel_kill", default=None)
_watched: set[type] = set()


def watch(**_: Any) -> None:
    """Look at what the main process learns of its pool; called once, before a worker takes tasks."""
    try:
        from celery.worker.request import Request  # only a worker needs what this loads

        if Request not in _watched:
            _watched.add(Request)
            request_class: Any = Request
            request_class.on_failure = _look(Request.on_failure, _of_failure)
            request_class.on_timeout = _look(Request.on_timeout, _of_timeout)
            request_class.reject = _look_at_reject(Request.reject)
    except Exception:  # the worker must work
        recorder.failed()


def failed(exception: BaseException | None) -> bool:
    """Take note that a task failed, if that is a kill being handled here; return whether it is."""
    kill = _handled.get()
    if kill is None:
        return False
    kill.state, kill.exception = TaskState.FAILURE, exception or kill.exception
    return True


def retried(**_: Any) -> None:
    """Take note that a task is sent again, if that is for a kill being handled here."""
    kill = _handled.get()
    if kill is not None:
        kill.state = TaskState.RETRY


def _look(method: Method, kill_of: Callable[..., BaseException | None]) -> Method:
    """Return a method of a request that tells of the kill it is called for, if it is one."""

    @wraps(method)
    def looked_at(request: Any, *args: Any, **kwargs: Any) -> Any:
        exception = kill_of(request, *args, **kwargs)
        if exception is None:
            return method(request, *args, **kwargs)
        kill = Kill(request, exception)
        token = _handled.set(kill)
        try:
            return method(request, *args, **kwargs)
        finally:
            _handled.reset(token)
            _tell(kill)

    return looked_at


def _look_at_reject(method: Method) -> Method:
    @wraps(method)
    def looked_at(request: Any, *args: Any, **kwargs: Any) -> Any:
        kill = _handled.get()
        if kill is not None and kill.request is request and not request.acknowledged:
            kill.put_back = bool(args[0] if args else kwargs.get("requeue"))
        return method(request, *args, **kwargs)

    return looked_at


def _of_failure(request: Any, exc_info: Any = None, *_: Any, **__: Any) -> BaseException | None:
    """Return what killed a process, if anything did; its exit within a task is a kill unless somebody asked for it."""
    exception = getattr(exc_info, "exception", None)
    if isinstance(exception, ExceptionWithTraceback):
        exception = exception.exc
    if isinstance(exception, WorkerLostError | TimeLimitExceeded):
        return exception
    if isinstance(exception, SystemExit | KeyboardInterrupt):
        asked = getattr(request, "_already_cancelled", False) or getattr(request, "_already_revoked", False)
        return None if asked else WorkerLostError(f"Worker exited prematurely: {exception!r}.")
    return None


def _of_timeout(_: Any, soft: bool = False, timeout: float | None = None) -> BaseException | None:
    return None if soft else TimeLimitExceeded(timeout)


def _tell(kill: Kill) -> None:
    try:
        if kill.put_back or kill.state is not None:
            state = TaskState.RETRY if kill.put_back else kill.state or TaskState.FAILURE
            worker.killed(kill.request, kill.exception, state, over=not kill.put_back)
    except Exception:  # the worker must go on
        recorder.failed()

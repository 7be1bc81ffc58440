"""Shows errors of this process to the functions that recover them, and keeps what they did for who waits for it.

An exception is heard of where it is recorded, on its caller's thread, and an error as it travels where it is sent, on
the flusher's: neither waits. The functions run on threads of their own, one error at a time.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol
from uuid import UUID

from monitoring.classification import classify_exception
from monitoring.recording import encode
from monitoring.recording.context import Context
from monitoring.recording.errors import capture
from monitoring.recording.recorder import recorder

from . import calling, switched
from .result import Result, of_status

logger = logging.getLogger("monitoring.recovery")
EXCEPTION, EVENT = "exception", "event"
_WAITING = 100
_KEPT = 200


class Holder(Protocol):
    """Holds functions by kind of error."""

    recovery_strategies: dict[str, Callable[..., Any]]


class _Work:
    """What is done about one error; `result` is there once `done` is set, and `begun` once it was handed on."""

    def __init__(self) -> None:
        self.begun = False
        self.done = threading.Event()
        self.result: Result | None = None


class Attendant:
    """The functions of this process, and the errors that they are shown."""

    def __init__(self) -> None:
        self.holders: list[tuple[Holder, str]] = []
        self._begin()

    def _begin(self) -> None:
        """Begin without a thread and without work: in a new process, and in a fork's child."""
        self._queue: queue.Queue[tuple[str, Callable[..., Any], tuple[Any, ...], _Work]] = queue.Queue(_WAITING)
        self._works: OrderedDict[str, _Work] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def raised(self, exception: BaseException, error_id: int, context: Context | None) -> None:
        """Take an exception that was recorded; called by its caller, who must not wait."""
        kind = classify_exception(exception).kind
        wanted, later = self._function(EXCEPTION, kind), self._function(EVENT, kind)
        if calling.is_inside() or not _may_act() or not (wanted or later):
            return
        known = str(UUID(int=error_id))
        work = self._work(known)
        if wanted is not None:
            told = {**(context.describe() if context is not None else {}), "error_id": known}
            self._do(wanted, (exception, told), work)

    def hear(self, at: int, values: dict[str, Any]) -> None:
        """Take an error that is being sent; called by the flusher, which must not wait."""
        if not any(needs == EVENT for _, needs in self.holders) or not _may_act():
            return
        from monitoring.alerts.in_code.event import of_record

        event = of_record(at, values, recorder.config)
        known = self._works.get(event.error_id)
        # What is sent may be heard of before its exception is.
        if (known is not None and known.begun) or self._function(EXCEPTION, event.error_type) is not None:
            return
        function = self._function(EVENT, event.error_type)
        if function is not None:
            self._do(function, (event,), known or self._work(event.error_id))
        elif known is not None:  # what is sent says that it is of another kind than its class did: nobody will come
            known.done.set()

    def result(self, error_id: str, seconds: float) -> Result | None:
        """Return what was done about an error, waiting so long for it; None where nothing was, or not yet."""
        work = self._works.get(error_id)
        if work is None:
            return None
        work.done.wait(max(0.0, seconds))
        return work.result

    def _function(self, needs: str, kind: str) -> Callable[..., Any] | None:
        """Return the function for a kind of error that was registered last."""
        held = (holder.recovery_strategies.get(kind) for holder, what in reversed(self.holders) if what == needs)
        return next((function for function in held if callable(function)), None)

    def _work(self, error_id: str) -> _Work:
        with self._lock:
            work = self._works.setdefault(error_id, _Work())
            while len(self._works) > _KEPT:
                self._works.popitem(last=False)
            return work

    def _do(self, function: Callable[..., Any], arguments: tuple[Any, ...], work: _Work) -> None:
        """Have a function called soon; in eager mode now."""
        name = getattr(function, "__qualname__", type(function).__name__)
        work.begun = True
        if recorder.config.eager:
            _run(name, function, arguments, work)
            return
        try:
            self._queue.put_nowait((name, function, arguments, work))
        except queue.Full:
            recorder.failed()
            work.done.set()
            return
        with self._lock:
            if (self._thread is None or not self._thread.is_alive()) and not sys.is_finalizing():
                self._thread = threading.Thread(target=self._serve, name="enginel-recoveries", daemon=True)
                self._thread.start()

    def _serve(self) -> None:
        while True:
            _run(*self._queue.get())


def _may_act() -> bool:
    return recorder.config.recovery == "automatic" and not switched.off()


def _run(name: str, function: Callable[..., Any], arguments: tuple[Any, ...], work: _Work) -> None:
    """Call a function, and say in the log of errors what it did."""
    try:
        work.result = of_status(calling.call(name, function, *arguments), name)
    except calling.FailedError as error:
        work.result = Result(name, success=False, message=str(error))
        with contextlib.suppress(Exception):
            logger.warning("a recovery strategy in code failed: %s", error, exc_info=error.__cause__)
    finally:
        work.done.set()
    if work.result is not None:
        _tell(arguments, work.result)


def _tell(arguments: tuple[Any, ...], result: Result) -> None:
    told = arguments[-1]
    error_id = told["error_id"] if isinstance(told, dict) else told.error_id
    said = {
        "recovery_attempted": True,
        "recovery_success": result.success,
        "recovery_strategy": result.strategy,
    }
    capture.amend(UUID(error_id).int, {"context": said})


_attendant = Attendant()
os.register_at_fork(after_in_child=_attendant._begin)
result = _attendant.result


def attend(holder: Holder, needs: str) -> None:
    """Show errors to the functions of a holder from now on.

    Args:
        holder: It.
        needs: What its functions take: an `exception` with its context, or an `event`.
    """
    _attendant.holders.append((holder, needs))
    capture.listen(_attendant.raised)
    encode.listen(_attendant.hear)

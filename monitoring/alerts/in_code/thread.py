"""The thread on which conditions and channels run: whatever they do, neither requests nor recording wait for them."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from monitoring.recording import encode
from monitoring.recording.events import Alert
from monitoring.recording.recorder import recorder

from .event import ErrorEvent, of_record
from .rule import CodeRule, alert_of

if TYPE_CHECKING:
    from .system import ErrorAlertingSystem

logger = logging.getLogger("monitoring.alerts")
_WAITING = 1_000
_COROUTINE_SECONDS = 10.0


class Attendant:
    """Shows errors to the conditions of this process."""

    def __init__(self) -> None:
        self.systems: list[ErrorAlertingSystem] = []
        self.listening: list[ErrorAlertingSystem] = []
        self._begin()

    def _begin(self) -> None:
        """Begin without a thread: in a new process, and in a fork's child."""
        self._queue: queue.Queue[tuple[int, dict[str, Any]]] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def hear(self, at: int, values: dict[str, Any]) -> None:
        """Take an error that is being sent; called by the flusher, which must not wait."""
        if not self.systems:
            return
        if recorder.config.eager:
            self.show(at, values)
            return
        try:
            self._queue.put_nowait((at, values))
        except queue.Full:
            recorder.failed()
            return
        with self._starting:
            if (self._thread is None or not self._thread.is_alive()) and not sys.is_finalizing():
                self._thread = threading.Thread(target=self._run, name="enginel-alerts", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                self.show(*self._queue.get())
            except Exception:  # the thread goes on
                recorder.failed()

    def show(self, at: int, values: dict[str, Any]) -> None:
        """Ask the conditions of all systems about an error, and alert of it."""
        event = of_record(at, values, recorder.config)
        for system in list(self.systems):
            for rule in system.due(event):
                alert = alert_of(rule, event)
                recorder.record_fact(Alert(at, {**alert, "cooldown": rule.cooldown}))
                if recorder.config.alerts_sent:
                    for one in (system, *(other for other in self.listening if other is not system)):
                        one.tell(alert)


attendant = Attendant()
os.register_at_fork(after_in_child=attendant._begin)


def attend(system: ErrorAlertingSystem) -> None:
    """Show errors to a system from now on."""
    if system not in attendant.systems:
        attendant.systems.append(system)
    encode.listen(attendant.hear)


def listen(system: ErrorAlertingSystem) -> None:
    """Tell the channels of a system the alerts of all others, too."""
    if system not in attendant.listening:
        attendant.listening.append(system)


def holds(rule: CodeRule, event: ErrorEvent) -> bool:
    """Whether a condition says yes."""
    return bool(call(f"the condition of the alert rule {rule.name!r}", rule.condition, event))


def call(what: str, function: Callable[[Any], Any], argument: Any) -> Any:
    """Call a function of the project, sync or async; None for one that raises, or whose coroutine takes too long."""
    try:
        found = function(argument)
        return asyncio.run(_limited(found)) if inspect.isawaitable(found) else found
    except Exception:  # it is anybody's code
        with contextlib.suppress(Exception):
            logger.warning("%s failed", what, exc_info=True)
        recorder.failed()
        return None


async def _limited(awaitable: Any) -> Any:
    async with asyncio.timeout(_COROUTINE_SECONDS):
        return await awaitable

"""A thread of the operating system, also where gevent has put greenlets in the place of threads.

A greenlet runs only while all others yield: one task that does not would silence it. In a thread of its own gevent's
sockets and locks work as ever, by an event loop of that thread.
"""

from __future__ import annotations

import _thread
import contextlib
import sys
from collections.abc import Callable
from typing import Any


class NativeThread:
    """A daemon thread that pauses until it is told that it is over.

    Args:
        target: What it runs.

    Attributes:
        over: Whether its end was asked for.
    """

    def __init__(self, target: Callable[[], None]) -> None:
        self._target = target
        self._asleep, self._running = _original("allocate_lock")(), _original("allocate_lock")()
        self._asleep.acquire()
        self.over = False

    def start(self) -> None:
        """Begin."""
        self._running.acquire()
        _original("start_new_thread")(self._run, ())

    def _run(self) -> None:
        try:
            self._target()
        finally:
            self._running.release()

    def pause(self, seconds: float) -> None:
        """Sleep on this thread; not any longer once its end was asked for."""
        if not self.over:
            self._asleep.acquire(timeout=seconds)

    def wake(self) -> None:
        """End its pause, or the next one where it is busy."""
        with contextlib.suppress(RuntimeError):  # somebody else has woken it
            self._asleep.release()

    def end(self, seconds: float) -> None:
        """Ask it to end, and wait until it has, for so many seconds at most."""
        if not self.over:
            self.over = True
            self.wake()
        if self._running.acquire(timeout=seconds):
            self._running.release()


def _original(name: str) -> Any:
    """Return something of `_thread` as it was before gevent replaced it."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey.get_original("_thread", name) if monkey is not None else getattr(_thread, name)

"""Calling what may never come back: on a thread of its own, for which it is waited a limited time.

A thread cannot be ended. So there is one at a time for each destination: what hangs holds one thread, and not one more
with each attempt.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from .base import TemporaryError

_running: dict[str, threading.Thread] = {}
_lock = threading.Lock()


def call(name: str, label: str, function: Callable[[], None], seconds: float) -> None:
    """Call a function, and wait for it.

    Args:
        name: Of the destination: while a call of it goes on there is no other one.
        label: What people are told that it is; without secrets.
        function: It takes and returns nothing.
        seconds: For how long it is waited for.

    Raises:
        TemporaryError: It has not come back. Whether it does its work, nobody knows.
        Exception: What the function raised.
    """
    failures: list[BaseException] = []

    def run() -> None:
        try:
            function()
        except BaseException as error:  # it is raised again by who waits
            failures.append(error)

    thread = threading.Thread(target=run, name="enginel-channel", daemon=True)
    with _lock:
        before = _running.get(name)
        if before is not None and before.is_alive():
            raise TemporaryError(f"{label} has not come back from the last attempt yet.")
        _running[name] = thread
        thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TemporaryError(f"{label} takes longer than {seconds:g} seconds.")
    with _lock:
        if _running.get(name) is thread:
            del _running[name]
    if failures:
        raise failures[0]

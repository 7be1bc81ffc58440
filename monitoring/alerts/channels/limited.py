"""Calling what may never come back: on a thread of its own, for which it is waited a limited time.

A thread cannot be ended. So nothing is called again at a destination while a call hangs there: that holds one thread,
and not one more with each attempt.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from .base import TemporaryError

_left: dict[str, threading.Thread] = {}
"""Calls that were not waited for any longer, by destination."""


def call(name: str, label: str, function: Callable[[], None], seconds: float) -> None:
    """Call a function, and wait for it.

    Args:
        name: Of the destination: while a call hangs there, no other one is made.
        label: What people are told that it is; without secrets.
        function: It takes and returns nothing.
        seconds: For how long it is waited for.

    Raises:
        TemporaryError: It has not come back. Whether it does its work, nobody knows.
        Exception: What the function raised.
    """
    before = _left.get(name)
    if before is not None and before.is_alive():
        raise TemporaryError(f"{label} has not come back from the last attempt yet.")
    _left.pop(name, None)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            function()
        except BaseException as error:  # it is raised again by who waits
            failures.append(error)

    thread = threading.Thread(target=run, name="enginel-channel", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        _left[name] = thread
        raise TemporaryError(f"{label} takes longer than {seconds:g} seconds.")
    if failures:
        raise failures[0]

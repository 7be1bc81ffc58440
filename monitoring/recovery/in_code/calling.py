"""Calling a function of the project, sync or async: on a thread of its own, for a limited time.

A thread cannot be ended. So nothing is called again under a name while a call hangs there.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from typing import Any

from monitoring.recording.recorder import recorder
from monitoring.recovery.databases import connections

LIMIT_SECONDS = 10.0
_inside = threading.local()
_left: dict[str, threading.Thread] = {}


class FailedError(Exception):
    """The call raised, or has not come back. Its text says so, for people."""


def is_inside() -> bool:
    """Whether this thread runs a function of the project that recovers: what fails in it is not recovered again."""
    return getattr(_inside, "now", False)


def call(name: str, function: Callable[..., Any], *arguments: Any, seconds: float = LIMIT_SECONDS) -> Any:
    """Call a function, and wait for it.

    Args:
        name: Of the function; while a call hangs under it, no other one is made.
        function: Sync or async.
        *arguments: Its arguments.
        seconds: For how long it is waited for.

    Returns:
        What it returned.

    Raises:
        FailedError: It raised, or has not come back in time; whether it does its work, nobody knows then.
    """
    before = _left.get(name)
    if before is not None and before.is_alive():
        raise FailedError(f"{name} has not come back from its last call yet.")
    _left.pop(name, None)
    found: list[Any] = []
    failures: list[BaseException] = []

    def run() -> None:
        _inside.now = True
        recorder.fold_elsewhere()
        try:
            result = function(*arguments)
            found.append(asyncio.run(_within(result, seconds)) if inspect.isawaitable(result) else result)
        except BaseException as error:  # it is anybody's code; who waits is told
            failures.append(error)
        finally:
            _close_connections()

    thread = threading.Thread(target=run, name="enginel-recovery", daemon=True)
    thread.start()
    thread.join(seconds)
    if recorder.config.eager:
        recorder.flush()
    if thread.is_alive():
        _left[name] = thread
        raise FailedError(f"{name} takes longer than {seconds:g} seconds.")
    if failures:  # whose text may hold anything
        raise FailedError(f"{name} raised {type(failures[0]).__name__}.") from failures[0]
    return found[0]


async def _within(awaitable: Any, seconds: float) -> Any:
    return await asyncio.wait_for(awaitable, seconds)


def _close_connections() -> None:
    """Close what the function opened in its thread, of the databases of a Django project."""
    if (found := connections()) is not None:
        found.close_all()

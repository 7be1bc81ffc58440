"""Processes that end where a test says so."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable

from django.db import connections

ENDED = 77
"""Exit code of a process that ended where it was told to."""
_FAILED = 99
_SECONDS = 60


def in_child(action: Callable[[], object]) -> int:
    """Run something in a forked process with connections of its own; return its exit code.

    The parent's connections are closed before: SQLite's locks and PostgreSQL's sockets must not be shared.
    """
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        signal.alarm(_SECONDS)
        try:
            action()
            os._exit(0)
        except BaseException:  # pytest must not go on in the child
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(_FAILED)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in {0, ENDED}, f"the child failed: {code}"
    return code


def end() -> None:
    """End this process as a crash would: nothing is flushed, closed or unlocked."""
    os._exit(ENDED)


def end_at(step: str) -> Callable[[str], None]:
    """Return a hook that ends the process before a step."""

    def hook(name: str) -> None:
        if name == step:
            end()

    return hook


class Thread(threading.Thread):
    """A thread whose result or exception the test sees, with database connections that it closes."""

    def __init__(self, action: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._action = action
        self._result: object = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._result = self._action()
        except BaseException as error:  # handed to the test
            self._error = error
        finally:
            connections.close_all()

    def result(self) -> object:
        """Wait for the end; return what the action returned, or raise what it raised."""
        self.join(_SECONDS)
        assert not self.is_alive(), "the thread hangs"
        if self._error is not None:
            raise self._error
        return self._result

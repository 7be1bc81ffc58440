"""Who may wait: two callers of a process at a time, so that an outage never holds all of its threads.

Where an outcome did not come in time, or Redis did not answer, nobody waits for a while: the queue lags, and each
answer would be late for nothing.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

MOST = 2
_REST_SECONDS = 10.0


class Places:
    """The places of one process. Use the module's `places`."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew, with all places free: in a fork's child, and between tests."""
        self._free = threading.Semaphore(MOST)
        self._resting = 0.0

    @contextmanager
    def one(self, *, wanted: bool = True, patient: bool = False) -> Iterator[bool]:
        """Take a place if one is free, and leave it afterwards; it is not waited for one.

        Args:
            wanted: Whether the caller wants to wait at all.
            patient: Whether it waits even where the outcomes of others did not come in time.

        Yields:
            Whether the caller may wait.
        """
        taken = wanted and (patient or not self.resting) and self._free.acquire(blocking=False)
        try:
            yield taken
        finally:
            if taken:
                self._free.release()

    @property
    def resting(self) -> bool:
        """Whether outcomes are late."""
        return time.monotonic() < self._resting

    def came(self, *, in_time: bool) -> None:
        """Say whether an outcome that was waited for came in time."""
        self._resting = 0.0 if in_time else time.monotonic() + _REST_SECONDS


places = Places()
os.register_at_fork(after_in_child=places.forget)

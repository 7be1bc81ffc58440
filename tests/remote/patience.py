"""Asking a server of the tests, which may be slow while other tests keep the cores busy."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from monitoring.remote import UnavailableError

PATIENCE = 60.0


def patiently(read: Callable[[], Any]) -> Any:
    """Return what is read, asking again as long as there is no answer."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return read()
        except UnavailableError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)

"""Reading the database from the thread of an event loop, where Django refuses to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from django.db import connections

Read = TypeVar("Read")


def aside(read: Callable[[], Read]) -> Read:
    """Return what a function reads: called here, or on another thread while an event loop runs on this one.

    The loop waits meanwhile, as whoever calls a function that is not async asks for. What the thread opens is closed.

    Args:
        read: Reads the database, in milliseconds.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return read()
    with ThreadPoolExecutor(1, "enginel-aside") as pool:
        return pool.submit(copy_context().run, _closing, read).result()


def _closing(read: Callable[[], Read]) -> Read:
    try:
        return read()
    finally:
        connections.close_all()

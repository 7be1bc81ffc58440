"""Splits the time of a drain by what it is spent on, without touching the code that is measured.

Public functions are wrapped where their callers look them up. The clock of one stands still while another one that it
calls is running, so that the parts add up to the whole.
"""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Place = tuple[Any, str, str]
"""Module or class, attribute, and the part its time belongs to."""


class Stopwatch:
    """Nanoseconds by part."""

    def __init__(self) -> None:
        self.parts: dict[str, int] = defaultdict(int)
        self._running: list[str] = []
        self._since = 0

    def _switch(self) -> None:
        now = time.perf_counter_ns()
        if self._running:
            self.parts[self._running[-1]] += now - self._since
        self._since = now

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Give the time of a block to a part."""
        self._switch()
        self._running.append(name)
        try:
            yield
        finally:
            self._switch()
            self._running.pop()

    def enter(self, name: str) -> None:
        """From here on the time belongs to another part."""
        self._switch()
        self._running[-1] = name

    def wrap(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """Return the function with its time given to a part."""

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.part(name):
                return function(*args, **kwargs)

        return timed

    @contextmanager
    def watching(self, places: list[Place]) -> Iterator[None]:
        """Wrap functions, and put them back afterwards."""
        originals = [(owner, attribute, getattr(owner, attribute)) for owner, attribute, _ in places]
        for (owner, attribute, name), (_, _, original) in zip(places, originals, strict=True):
            setattr(owner, attribute, self.wrap(original, name))
        try:
            yield
        finally:
            for owner, attribute, original in originals:
                setattr(owner, attribute, original)

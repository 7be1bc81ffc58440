"""`recorder.record(event)`: append to a buffer and return. A thread encodes and sends (`flusher`).

Recording never raises, never waits, and never touches the network on the caller's thread. What it drops or fails at is
counted, and reported with the next batch.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import sys
import threading
from collections import deque
from typing import Any

from msgspec import Struct

from monitoring.conf import Config, get_config

from .events import Event
from .flusher import FAILURE, LABELS, Flusher, Sink
from .limiter import Limiter

logger = logging.getLogger("monitoring")

SWALLOWED = (KeyError, AttributeError, TypeError, ValueError, RuntimeError, MemoryError)
"""What recording itself may raise. Other exceptions come from signal handlers that interrupt it, such as Celery's soft
time limit, and are meant for the monitored code."""


class Policy(Struct):
    """What is done about a task in this process.

    Attributes:
        recorded: Whether its executions are recorded.
        slow: Nanoseconds from which one counts as slow.
        captured: Whether its messages are kept.
        minute: The epoch minute that the following are about.
        alone: Successes that no tree decided about.
        in_trees: Successes in trees that are kept.
    """

    recorded: bool
    slow: int
    captured: bool
    minute: int = 0
    alone: int = 0
    in_trees: int = 0


class _NotMade:
    """Stands for the flusher until the first event is noticed."""

    idle = True


class Recorder:
    """The buffers of one process. Use the module's `recorder`."""

    def __init__(self) -> None:
        self._sink: Sink | None = None
        self._begin()

    def _begin(self) -> None:
        """Begin with nothing: in a new process, and in a fork's child, which must not send what its parent holds."""
        self._buffers: dict[type[Any], deque[Any]] = {kind: deque() for kind in LABELS}
        self._batch = self._limit = sys.maxsize
        self._config: Config | None = None
        self._flusher: Flusher | _NotMade = _NotMade()
        self._limiter: Limiter | None = None
        self.policies: dict[str, Policy] = {}
        self._folding = threading.local()
        self._making = threading.RLock()

    def record(self, event: Event) -> None:
        """Record one event. Never raises, never waits."""
        try:
            buffer = self._buffers[type(event)]
            buffer.append(event)
            length = len(buffer)
            if length == self._batch or length > self._limit or self._flusher.idle:
                self._notice(event, length)
        except SWALLOWED:  # the monitored code must not suffer
            self.failed()

    def record_fact(self, event: Event) -> None:
        """Record one event that should not wait for a batch to gather."""
        try:
            self._buffers[type(event)].append(event)
            self._notice(event, len(self._buffers[type(event)]), urgent=True)
        except SWALLOWED:  # the monitored code must not suffer
            self.failed()

    def failed(self) -> None:
        """Count something that could not be recorded."""
        try:
            self.flusher.losses.add(FAILURE)
        except SWALLOWED:  # an unreadable config: there is nobody to tell, and nobody who would empty the buffers
            for buffer in self._buffers.values():
                buffer.clear()

    def flush(self) -> bool:
        """Send what was recorded so far, or fold it in eager mode; return whether it is known to have arrived."""
        if self.config.eager:
            self._fold(self.flusher)
            return True
        return self.flusher.flush()

    def fold_elsewhere(self) -> None:
        """Let what the calling thread records in eager mode wait for the next call of another thread.

        Whoever serves another thread has a database connection of its own, which would wait for the transaction of the
        one that waits for it.
        """
        self._folding.busy = True

    def close(self) -> None:
        """Send what is left and say goodbye. Called when the process ends; recording may go on after it."""
        try:
            if isinstance(self._flusher, Flusher) and not self.config.eager:
                self._flusher.close()
        except Exception:  # the process is ending; nothing may keep it
            self.failed()

    def _notice(self, event: Event, length: int, *, urgent: bool = False) -> None:
        """Handle what is rare: the first event after idleness, a buffer that is due or full, an urgent fact."""
        config = self.config
        if not config.enabled:
            self._buffers[type(event)].clear()
            return
        flusher = self.flusher
        if config.eager:
            self._fold(flusher)
            return
        if length > self._limit:
            self._shed(type(event))
        if urgent or flusher.idle or length == self._batch:
            flusher.notify(urgent=urgent)

    def _shed(self, kind: type[Any]) -> None:
        """Let the oldest events of a full buffer go, counted."""
        buffer = self._buffers[kind]
        while len(buffer) > self._limit:
            try:
                buffer.popleft()
            except IndexError:  # the flusher took them meanwhile
                return
            self.flusher.losses.add(LABELS[kind])

    def _fold(self, flusher: Flusher) -> None:
        """Eager mode: fold in the calling thread.

        What folding itself records waits for the next call, and so does what is recorded inside of an event loop, where
        Django allows no database.
        """
        if self._sink is None or getattr(self._folding, "busy", False) or asyncio._get_running_loop() is not None:
            return
        self._folding.busy = True
        try:
            flusher.fold(self._sink)
        except Exception:  # the monitored code must not suffer, but whoever tests with Enginel wants to know
            logger.exception("eager folding failed")
            self.failed()
        finally:
            self._folding.busy = False

    @property
    def config(self) -> Config:
        """The settings this process records with."""
        if self._config is None:
            self._config = get_config()
        return self._config

    @property
    def flusher(self) -> Flusher:
        """The thread's object of this process, made when first needed."""
        flusher = self._flusher
        if isinstance(flusher, Flusher):
            return flusher
        with self._making:  # the first events of two threads must not make two
            if isinstance(self._flusher, _NotMade):
                made = Flusher(self._buffers, self.config)
                # The limits first: who sees the flusher goes by them.
                self._batch, self._limit = self.config.flush_events, self.config.buffer_events
                self._flusher = made
            return self._flusher

    @property
    def limiter(self) -> Limiter:
        """Counts what travels in full, so that a storm of one kind does not."""
        if self._limiter is None:
            self._limiter = Limiter()
        return self._limiter

    @property
    def enabled(self) -> bool:
        """Whether anything is to be recorded."""
        return self.config.enabled

    def use_sink(self, sink: Sink) -> None:
        """Say who folds batches in the calling thread when `MONITORING["EAGER"]` is set."""
        self._sink = sink

    def reset(self) -> None:
        """Forget buffers, config and producer: after a fork, and between tests."""
        self._begin()


recorder = Recorder()
os.register_at_fork(after_in_child=recorder.reset)
atexit.register(recorder.close)

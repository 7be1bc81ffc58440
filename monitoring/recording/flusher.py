"""The thread that empties a process's buffers: encodes batches and sends them, at most ten times a second.

It starts lazily, survives any exception, sleeps without a timer while the process is idle, and says goodbye.
"""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from monitoring.conf import Config
from monitoring.stream import streams

from . import decisions, visits
from .columns import Notes
from .encode import salvage
from .events import FACTS, MEASURES, Error, Occurrence, ServerError, Started
from .sender import Lane, new_producer_id
from .transport import Transport
from .wire import Payload, encode_payload

Buffers = Mapping[type[Any], deque[Any]]
Sink = Callable[[str, Mapping[str, str | bytes]], None]

LABELS: dict[type[Any], str] = {**MEASURES, **FACTS}
FAILURE = "failure"
"""The kind under which swallowed failures of recording itself are counted."""
_LANES = {streams.MEASURES: tuple(MEASURES), streams.FACTS: tuple(FACTS)}
# A fact may have 100 kB, an event of a measure some 30 bytes; wire.MAX_PAYLOAD_BYTES is far above either product.
_MOST_EVENTS = {streams.MEASURES: 10_000, streams.FACTS: 200}
_MOST_ROWS = 5_000
_COLUMNAR = (Occurrence, ServerError)
"""Facts that travel as columns."""
_COALESCE_SECONDS = 0.02
_RETRY_SECONDS = 0.5
_CLOSE_SECONDS = 2.0
_PLAUSIBLE_NANOSECONDS = 2 * 86_400 * 10**9


class Losses:
    """What this process dropped or failed to record, by kind, until a batch reports it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal handler may record while its thread counts
        self._counts: dict[str, int] = {}

    def add(self, kind: str, count: int = 1) -> None:
        """Count losses of one kind."""
        with self._lock:
            self._counts[kind] = self._counts.get(kind, 0) + count

    def take(self, kinds: set[str]) -> dict[str, int]:
        """Return and forget the losses of some kinds."""
        with self._lock:
            return {kind: self._counts.pop(kind) for kind in kinds & self._counts.keys()}


class Flusher:
    """Empties buffers into two lanes of numbered batches.

    Attributes:
        idle: Whether it sleeps until somebody calls `notify`.
        losses: What was dropped or failed in this process.
    """

    def __init__(self, buffers: Buffers, config: Config) -> None:
        self.idle = True
        self.losses = Losses()
        self._buffers = buffers
        self._config = config
        self._transport = Transport(config)
        self._lanes: dict[str, Lane] = {}
        # A queue, as its `put` may be interrupted by a signal handler or a finalizer that records, too.
        self._wakes: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._urgent = False
        self._closing = False
        self._flushing = threading.Lock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._last_activity = time.monotonic()
        self._last_flush = 0.0

    # ---- called by those who record

    def notify(self, *, urgent: bool = False) -> None:
        """Wake the thread, starting it if there is none; who finds it woken for something urgent leaves it at that."""
        alive = self._thread is not None and self._thread.is_alive()
        if self._urgent and alive:
            return
        if not alive:
            self._start()
        self.idle = False
        self._urgent = self._urgent or urgent
        self._wakes.put(None)

    def _start(self) -> None:
        if sys.is_finalizing():
            return  # a thread that is started now never runs, and who starts it waits for ever
        if not self._starting.acquire(blocking=False):
            return  # somebody is at it, maybe the very code that was interrupted
        try:
            if self._thread is None or not self._thread.is_alive():
                thread = threading.Thread(target=self._run, name="enginel-flusher", daemon=True)
                thread.start()
                self._thread = thread
        finally:
            self._starting.release()

    def close(self) -> None:
        """Send what is left and say goodbye; where Redis does not answer, give up after a few seconds."""
        self._closing = True
        thread = self._thread
        if thread is not None and thread.is_alive():
            self._wakes.put(None)
            thread.join(_CLOSE_SECONDS)
        if thread is None or not thread.is_alive():
            if self.flush():
                self._say(goodbye=True)
            self._thread = None
        self._closing = False
        self._transport.close()

    # ---- the thread

    def _run(self) -> None:
        decisions.copy.begin(self._config, lambda: self.losses.add(FAILURE))
        while not self._closing:
            try:
                self._gather()
                if not self.flush() and not self._closing:
                    self._sleep(_RETRY_SECONDS)
            except BaseException:  # whatever a recorded object raises when it is looked at, the thread goes on
                self.losses.add(FAILURE)
                time.sleep(_RETRY_SECONDS)

    def _gather(self) -> None:
        """Sleep until something is recorded; then let a batch gather, unless it is urgent."""
        if not self._pending():
            self.idle = True
            if not self._pending() and not self._closing:
                self._sleep(self._config.keepalive_interval)
            self.idle = False
        deadline = time.monotonic() + self._config.flush_interval
        while not (self._urgent or self._closing or self._due()):
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not self._pending():
                break
            self._sleep(remaining)
        pause = self._last_flush + _COALESCE_SECONDS - time.monotonic()
        if pause > 0 and not self._closing:
            time.sleep(pause)

    def _sleep(self, seconds: float) -> None:
        """Sleep until somebody wakes the thread."""
        with contextlib.suppress(queue.Empty):
            self._wakes.get(timeout=seconds)
            while True:
                self._wakes.get_nowait()

    def _pending(self) -> bool:
        return any(self._buffers.values()) or any(lane.waiting for lane in self._lanes.values())

    def _due(self) -> bool:
        return any(len(buffer) >= self._config.flush_events for buffer in self._buffers.values())

    def flush(self) -> bool:
        """Encode what is buffered and send what waits; return whether all of it is known to have arrived."""
        with self._flushing:
            self._urgent = False
            self._last_flush = time.monotonic()
            if self.encode():
                self._last_activity = self._last_flush
            elif self._last_flush - self._last_activity >= self._config.producer_idle_limit:
                self._say(goodbye=True)
            elif self._last_flush - self._last_activity >= self._config.keepalive_interval:
                self._say()
            arrived = [self._transport.send(name, lane) for name, lane in self._lanes.items()]
            return all(arrived)

    def encode(self) -> bool:
        """Move what is buffered into numbered batches; return whether there was anything."""
        batches = 0
        for event in visits.gather():
            self._buffers[type(event)].append(event)
        for lane_name, kinds in _LANES.items():
            # What is there now and no more: callers may record faster than this loop encodes.
            # Repetitions are counted first, so that what they repeat is among the errors counted after them.
            left = {kind: len(self._buffers[kind]) for kind in reversed(kinds)}
            labels = {LABELS[kind] for kind in kinds} | ({FAILURE} if lane_name == streams.MEASURES else set())
            lost = self.losses.take(labels)
            while self._encode_batch(lane_name, left, lost):
                batches += 1
                lost = {}
        return batches > 0

    def _encode_batch(self, lane_name: str, left: dict[type[Any], int], lost: Mapping[str, int]) -> bool:
        """Number one batch of a lane, of a size that intake can open; return whether there was anything."""
        most = _MOST_EVENTS[lane_name]
        taken: dict[type[Any], list[Any]] = {}
        for kind in _LANES[lane_name]:
            if kind is Occurrence and self._buffers[Error] and left[Error]:
                continue  # what it repeats has to be told first
            if count := left[kind]:
                taken[kind] = _take(self._buffers[kind], min(count, _MOST_ROWS if kind in _COLUMNAR else most))
        for kind, events in taken.items():
            left[kind] -= min(left[kind], max(len(events), 1))
        if Started in taken:  # what has ended meanwhile is told by its end alone
            taken[Started] = [event for event in taken[Started] if not event.ended]
        recorded = {LABELS[kind]: len(events) for kind, events in taken.items() if events}
        for label, count in lost.items():
            recorded[label] = recorded.get(label, 0) + count
        if recorded:
            self._lane(lane_name).enqueue(self._payload(taken), recorded)
        return bool(recorded)

    def _payload(self, taken: Mapping[type[Any], list[Any]]) -> bytes:
        """Encode events; those that cannot be are left out, and show as lost by the counts."""
        try:
            return encode_batch(self._config, taken)
        except Exception:  # the batch still carries its counts
            self.losses.add(FAILURE)
            return b""

    def _lane(self, name: str) -> Lane:
        if name not in self._lanes:
            measures = name == streams.MEASURES
            pending = self._config.pending_measures_bytes if measures else self._config.pending_facts_bytes
            self._lanes[name] = Lane(new_producer_id(), pending)
        return self._lanes[name]

    def _say(self, *, goodbye: bool = False) -> None:
        """Tell intake that this producer lives, or that it is done; what comes after a goodbye is a new producer's."""
        for name, lane in list(self._lanes.items()):
            if not lane.waiting:
                lane.enqueue(b"", {}, goodbye=goodbye)
                if self._transport.send(name, lane) and goodbye:
                    del self._lanes[name]

    # ---- eager mode

    def fold(self, sink: Sink) -> None:
        """Encode, and hand the batches to `sink` in the calling thread instead of sending them."""
        with self._flushing:
            self.encode()
            for name, lane in self._lanes.items():
                while lane.waiting:
                    sink(name, lane.take().fields)


def _take(buffer: deque[Any], most: int) -> list[Any]:
    """Take the oldest events of a buffer."""
    taken = []
    for _ in range(most):
        try:
            taken.append(buffer.popleft())
        except IndexError:  # a caller with a full buffer shed its oldest
            break
    return taken


def encode_batch(config: Config, taken: Mapping[type[Any], list[Any]]) -> bytes:
    """Encode events by type into one payload; one that cannot be encoded does not stop the others."""
    origin = {"release": config.release, "environment": config.environment}
    notes: Notes = Notes()
    payload = Payload(config.service, _base(taken), origin, [], [])
    for kind, events in taken.items():
        segments, records = salvage(kind, events, payload.base, notes)
        payload.segments += segments
        payload.records += records
    payload.noted = dict(notes)
    return encode_payload(payload) if payload.segments or payload.records else b""


def _base(taken: Mapping[type[Any], list[Any]]) -> int:
    """Return the earliest time of a batch; what claims to be days away from now does not draw the others along."""
    now = time.time_ns()
    times = (event.at for events in taken.values() for event in events)
    return min((at for at in times if isinstance(at, int) and abs(at - now) < _PLAUSIBLE_NANOSECONDS), default=now)

"""One lane of a process: numbers batches, keeps them in order, and resends what may not have arrived.

The contract with intake: a batch carries the producer's id, a sequence number, and the cumulative counts of what was
recorded, what was dropped here included. One batch is in flight; while its outcome is unknown it is sent again, byte
for byte, before anything newer; beside it stands for how long Redis was away. Batches that were never tried may be
dropped, oldest first, when too many wait: the gap shows in the counts.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import redis

from monitoring.stream.streams import StreamFullError

from . import wire

Append = Callable[[Mapping[str, str | bytes]], object]


@dataclass
class Batch:
    """An encoded batch on its way."""

    fields: dict[str, str | bytes]
    size: int
    tried: bool = False


@dataclass
class Lane:
    """The sending side of one stream.

    Attributes:
        producer: Random id of this process's producer.
        pending_bytes: Bytes of encoded batches that may wait.
        failing: Since when (monotonic) Redis is away; None where all that waited was sent since.
    """

    producer: str
    pending_bytes: int
    sequence: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    waiting: deque[Batch] = field(default_factory=deque)
    waiting_bytes: int = 0
    failing: float | None = None

    def enqueue(self, data: bytes, recorded: Mapping[str, int], *, goodbye: bool = False) -> None:
        """Number a batch and let it wait for its turn.

        Args:
            data: The encoded payload; empty for a keep-alive or a goodbye.
            recorded: How many events by kind were recorded since the last batch, those dropped included.
            goodbye: The producer sends nothing after this.
        """
        self.sequence += 1
        self.counts.update(recorded)
        fields = wire.entry(self.producer, self.sequence, dict(self.counts), data, goodbye=goodbye)
        batch = Batch(fields, sum(map(len, fields.values())))
        self.waiting.append(batch)
        self.waiting_bytes += batch.size
        self._shed()

    def _shed(self) -> None:
        while self.waiting_bytes > self.pending_bytes and len(self.waiting) > 1:
            oldest = 1 if self.waiting[0].tried else 0
            if oldest == len(self.waiting) - 1:
                return
            self.waiting_bytes -= self.waiting[oldest].size
            del self.waiting[oldest]

    def send(self, append: Append) -> None:
        """Send what waits, in order; stop at the first batch that does not get through.

        Args:
            append: Appends one entry to the stream; raises when it is full, away, or its outcome unknown.

        Raises:
            redis.RedisError, StreamFullError: Why the sending stopped.
        """
        while self.waiting:
            batch = self.waiting[0]
            tried_before, batch.tried = batch.tried, True
            began = time.monotonic()
            away = 0.0 if self.failing is None else began - self.failing
            try:
                append({**batch.fields, **wire.waited(away)})
            except (redis.RedisError, OSError, StreamFullError) as error:
                if isinstance(error, redis.ResponseError | StreamFullError):
                    batch.tried = tried_before  # refused: this attempt is known not to have arrived
                if self.failing is None and not isinstance(error, StreamFullError):
                    self.failing = began  # it may have waited long for an answer
                raise
            self.take()
        self.failing = None

    def take(self) -> Batch:
        """Remove and return the oldest waiting batch."""
        batch = self.waiting.popleft()
        self.waiting_bytes -= batch.size
        return batch


def new_producer_id() -> str:
    """Return a random id for a producer: 16 hexadecimal digits."""
    return secrets.token_hex(8)

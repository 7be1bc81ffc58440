"""What a broker tells of its queues, in the same words for every kind of broker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class BrokerAwayError(Exception):
    """The broker did not answer in time, or not as a broker does; the message holds no address and no password."""


class UnsupportedBrokerError(Exception):
    """Queues of this kind of broker cannot be looked into; the message is the kind."""


@dataclass(frozen=True)
class Reading:
    """One queue as the broker sees it.

    Attributes:
        depth: Messages that wait, over all priorities.
        by_priority: The same by priority step, where the broker keeps them apart.
        unacked: Messages that workers hold and have not acknowledged; None where the broker does not tell.
        unacked_estimated: Whether `unacked` was extrapolated from a part of the messages.
        oldest: When the message that waits longest was due, in epoch seconds; None when none waits or nobody knows.
        heads: What tells the next message of each priority from others, empty where none waits; no entries where the
            broker does not show any.
        oldest_unacked: When the message that is held longest was taken, in epoch seconds.
        consumers: Consumers the broker knows of; None where it knows none by queue.
    """

    depth: int = 0
    by_priority: Mapping[int, int] = field(default_factory=dict)
    unacked: int | None = None
    unacked_estimated: bool = False
    oldest: float | None = None
    heads: tuple[str, ...] = ()
    oldest_unacked: float | None = None
    consumers: int | None = None


@dataclass(frozen=True)
class Survey:
    """All queues that were asked for, at one moment.

    Attributes:
        broker: Kind of the broker: `redis` or `amqp`.
        at: When, in epoch seconds.
        queues: What was read, by name; a queue is missing when time ran out before it.
    """

    broker: str
    at: float
    queues: Mapping[str, Reading]

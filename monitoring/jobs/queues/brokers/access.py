"""Choosing the broker of the current Celery app, and holding one connection to it in each process.

The URL, TLS, Sentinel, key prefix and every other option are those that Celery itself uses; only the time limits are
ours. kombu's own retries are stepped around: they wait for up to 19 seconds.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from celery import current_app

from monitoring.conf import get_config

from .rabbitmq import RabbitBroker
from .reading import BrokerAwayError, Survey, UnsupportedBrokerError
from .redis import RedisBroker

TIMEOUT = 0.8
"""Seconds to connect, and seconds to wait for one answer."""
_LOCK_SECONDS = 1.0


class Broker(Protocol):
    """A connection to a broker."""

    def read(self, names: Sequence[str]) -> Survey:
        """Look at queues."""

    def unacked_holds(self, ids: Collection[str]) -> dict[str, float] | None:
        """Find tasks among the messages that workers hold."""

    def waiting_again(self, wanted: Collection[tuple[str, str]]) -> set[str] | None:
        """Find tasks among the messages of their queues."""

    def close(self) -> None:
        """Give the connection up."""


_KINDS: dict[str, tuple[Callable[[Any, str], Broker], dict[str, Any]]] = {
    "redis": (
        RedisBroker,
        {
            "socket_timeout": TIMEOUT,
            "socket_connect_timeout": TIMEOUT,
            "health_check_interval": 0,
            "max_connections": 2,
        },
    ),
    "amqp": (RabbitBroker, {"read_timeout": TIMEOUT, "write_timeout": TIMEOUT, "connect_timeout": TIMEOUT}),
}
"""How to look into each kind of broker, and the transport options that bound its waiting."""


@dataclass
class _Held:
    """The connection of this process."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    source: tuple[str, ...] = ()
    broker: Broker | None = None
    connection: Any = None


_held: dict[int, _Held] = {}
"""By process id: a forked child must neither use nor close the connection of its parent."""


def read(names: Sequence[str]) -> Survey:
    """Look at queues of the current Celery app's broker.

    Args:
        names: Names of the queues.

    Raises:
        BrokerAwayError: It does not answer; known within a second.
        UnsupportedBrokerError: It is of a kind that cannot be looked into.
    """
    with _broker() as broker:
        return broker.read(names)


def unacked_holds(ids: Collection[str]) -> dict[str, float] | None:
    """Say which tasks are held by a worker, dead or alive, and when the broker gives each to another one.

    Exact: a task that is missing from the answer was not held when the broker was asked. It may wait in its queue
    again by then.

    Args:
        ids: Ids of tasks.

    Returns:
        When each held task is delivered again, in epoch seconds, by its id. None from a broker that does not tell:
        RabbitMQ delivers what a dead worker held again at once.

    Raises:
        BrokerAwayError: It does not answer, or holds too many messages to be sure.
        UnsupportedBrokerError: It is of a kind that cannot be looked into.
    """
    with _broker() as broker:
        return broker.unacked_holds(ids)


def waiting_again(wanted: Collection[tuple[str, str]]) -> set[str] | None:
    """Say which tasks may wait in their queues again, given back by a worker that died.

    Args:
        wanted: Names of queues, and ids of tasks.

    Returns:
        Ids of those that wait, or of which nobody can tell: their queue is too long to be looked through. None from a
        broker that does not tell.

    Raises:
        BrokerAwayError: It does not answer.
        UnsupportedBrokerError: It is of a kind that cannot be looked into.
    """
    with _broker() as broker:
        return broker.waiting_again(wanted)


@contextmanager
def _broker() -> Iterator[Broker]:
    """Lend this process's connection, opened on first use and given up after any trouble."""
    held = _held.setdefault(os.getpid(), _Held())
    if not held.lock.acquire(timeout=_LOCK_SECONDS):
        raise BrokerAwayError("another thread of this process waits for the broker")
    try:
        try:
            yield _opened(held)
        except UnsupportedBrokerError:
            raise
        except Exception as error:  # kombu, amqp and redis-py raise dozens of kinds, down to AttributeError
            _give_up(held)
            if isinstance(error, BrokerAwayError):
                raise
            raise BrokerAwayError(type(error).__name__) from error
    finally:
        held.lock.release()


def _opened(held: _Held) -> Broker:
    conf = current_app.conf
    management_url = get_config().rabbitmq_management_url
    source = (str(conf.broker_read_url), repr(conf.broker_transport_options), management_url)
    if held.source != source:
        _give_up(held)
        held.connection = None
        held.source = source
    if held.broker is None:
        held.broker = _open(held, management_url)
    return held.broker


def _open(held: _Held, management_url: str) -> Broker:
    """Connect without kombu's retries; of several addresses, the next one is tried the next time."""
    if held.connection is None:
        plain = current_app.connection_for_read()
        kind = plain.transport.driver_type
        if kind not in _KINDS:
            raise UnsupportedBrokerError(str(kind))
        held.connection = current_app.connection_for_read(transport_options=_KINDS[kind][1], connect_timeout=TIMEOUT)
    try:
        return _KINDS[held.connection.transport.driver_type][0](held.connection, management_url)
    except Exception:
        held.connection.maybe_switch_next()
        raise


def _give_up(held: _Held) -> None:
    broker, held.broker = held.broker, None
    if broker is not None:
        with suppress(Exception):  # it is of no use any more, whatever it says
            broker.close()

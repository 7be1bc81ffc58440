"""Remote control of workers over a connection of its own, with a limit on how long anything may take.

Celery's own client waits for ever where the broker is down, tries again what may have happened already, and waits its
whole timeout for every worker that is silent.
"""

from __future__ import annotations

import contextlib
import math
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, TypeVar

from celery import Celery
from kombu import Connection, Producer
from kombu.exceptions import OperationalError
from kombu.pidbox import Mailbox

from .outcomes import BrokerAwayError, NoAnswerError, RefusedError

SECONDS = 1.0
"""How long workers, and the broker, have for an answer."""
_PAUSE = 0.1
_T = TypeVar("_T")


class _OnceProducer(Producer):
    """Publishes once: a command that is sent again may take effect twice."""

    def publish(self, *args: Any, **options: Any) -> Any:
        return super().publish(*args, **{**options, "retry": False})


class _OnceMailbox(Mailbox):
    """A mailbox for one question: a late answer to another one does not count."""

    @cached_property
    def oid(self) -> str:  # kombu makes it from the address in memory, which is used again
        return str(uuid.uuid4())

    @contextmanager
    def producer_or_acquire(self, producer: Any = None, channel: Any = None) -> Iterator[Any]:
        yield producer or _OnceProducer(channel, auto_declare=False)


class _EnoughError(Exception):
    """The time is up."""


class Remote:
    """A connection to the broker, for the time of one action.

    Attributes:
        app: The Celery application whose workers are meant.
        connection: The connection.
    """

    def __init__(self, app: Celery, connection: Connection) -> None:
        self.app = app
        self.connection = connection
        self._silent: set[str] = set()

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(Exception):  # a broken one says so once more, which helps nobody
            self.connection.release()

    def ask(self, nodes: Iterable[str], command: str, **arguments: Any) -> dict[str, Any]:
        """Send a command to workers, and return the answers by node; who did not answer in time is not in it.

        Who was silent before is told, too, but not waited for again.

        Raises:
            BrokerAwayError: The connection broke; whether the command arrived is unknown.
        """
        named = list(nodes)
        silent = [node for node in named if node in self._silent]
        expected = [node for node in named if node not in self._silent]
        answers: dict[str, Any] = {}
        deadline = time.monotonic() + SECONDS

        def note(answer: Mapping[str, Any]) -> None:
            answers.update(answer)
            if time.monotonic() > deadline:
                raise _EnoughError

        try:
            if silent:
                self._mailbox().cast(silent, command, arguments)
            if expected:
                self._mailbox().call(expected, command, arguments, timeout=SECONDS, callback=note)
        except _EnoughError:
            pass
        except errors_of(self.connection) as error:
            raise BrokerAwayError(f"The broker went away: {error}") from error
        self._silent.update(set(expected) - answers.keys())
        return answers

    def ask_one(self, node: str, command: str, **arguments: Any) -> Any:
        """Send a command to one worker and return its answer.

        Raises:
            NoAnswerError: It did not answer in time.
            RefusedError: It answered that it cannot.
            BrokerAwayError: The connection broke.
        """
        answers = self.ask([node], command, **arguments)
        if node not in answers:
            raise NoAnswerError(f"{node} did not answer within {SECONDS:g} s.")
        answer = answers[node]
        if isinstance(answer, dict) and "error" in answer:
            raise RefusedError(f"{node} answered: {answer['error']}")
        return answer

    def _mailbox(self) -> Mailbox:
        conf = self.app.conf
        return _OnceMailbox(
            conf.control_exchange,
            type="fanout",
            connection=self.connection,
            accept=conf.accept_content,
            serializer=conf.task_serializer,
            queue_ttl=conf.control_queue_ttl,
            reply_queue_ttl=conf.control_queue_ttl,
            queue_expires=conf.control_queue_expires,
            queue_exclusive=conf.control_queue_exclusive,
            queue_durable=conf.control_queue_durable,
            reply_queue_expires=conf.control_queue_expires,
        )


def words(answer: Any) -> str:
    """Return what a worker said, without the form it said it in."""
    if isinstance(answer, dict):
        return str(answer.get("ok") or answer.get("error") or answer)
    return str(answer)


def errors_of(connection: Connection) -> tuple[type[Exception], ...]:
    """Return what a broker that is away makes its client raise."""
    return (*connection.connection_errors, *connection.channel_errors, OperationalError, OSError)


def open_to(app: Celery) -> Remote:
    """Connect to the broker of an application; whoever does closes it after use.

    Raises:
        BrokerAwayError: It cannot be reached in time; nothing was sent.
    """
    limits = {
        "redis": {"socket_timeout": SECONDS + 1, "socket_connect_timeout": SECONDS},
        "amqp": {"read_timeout": SECONDS + 1, "write_timeout": SECONDS + 1, "confirm_publish": True},
    }
    probe = app.connection_for_write()
    options = limits.get(probe.transport.driver_type, {})
    connection = app.connection_for_write(
        connect_timeout=SECONDS, transport_options={**options, "max_retries": 0, "retry_on_timeout": False}
    )
    remote = Remote(app, connection)
    try:
        connection.ensure_connection(max_retries=1, interval_start=0, timeout=math.ceil(SECONDS))
        connection.default_channel  # noqa: B018  # Redis is reached only here
    except errors_of(connection) as error:
        remote.close()
        raise BrokerAwayError(f"The broker does not answer: {error}") from error
    return remote


@contextmanager
def connected(app: Celery) -> Iterator[Remote]:
    """Connect to the broker of an application, and close the connection after use.

    Raises:
        BrokerAwayError: It cannot be reached in time; nothing was sent.
    """
    with contextlib.closing(open_to(app)) as remote:
        yield remote


def watch_for(look: Callable[[], _T | None], seconds: float) -> _T | None:
    """Look again and again until there is something to see; return it, or None when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen is not None or time.monotonic() >= deadline:
            return seen
        time.sleep(_PAUSE)

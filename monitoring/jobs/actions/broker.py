"""What waits in a queue, and how it is thrown away: exactly on Redis, as well as the broker can elsewhere."""

from __future__ import annotations

from typing import Any

from kombu import Connection

from .outcomes import BrokerAwayError, RefusedError
from .remote import errors_of

_NEWEST = 2_000
"""How many messages of each priority are looked through for one."""

# All priorities in one step: what is counted is what is deleted.
_PURGE = """
local held = 0
for _, key in ipairs(KEYS) do held = held + redis.call('LLEN', key) end
if held > tonumber(ARGV[1]) then return -held end
if held > 0 then redis.call('DEL', unpack(KEYS)) end
return held
"""


def depth(connection: Connection, queue: str) -> int | None:
    """Return how many messages of all priorities wait in a queue; None if the broker knows no such queue.

    Redis knows none that is empty.

    Raises:
        BrokerAwayError: The broker does not answer.
    """
    with _Channel(connection) as channel:
        try:
            return int(channel.queue_declare(queue=queue, passive=True).message_count)
        except connection.channel_errors:
            return None


def purge(connection: Connection, queue: str, at_most: int) -> int:
    """Delete what waits in a queue, and return how much that was.

    Only on Redis counting and deleting are one step. Elsewhere what comes in between is deleted, too.

    Raises:
        RefusedError: There is more than `at_most`; nothing was deleted.
        BrokerAwayError: The broker does not answer; whether it was done is unknown.
    """
    with _Channel(connection) as channel:
        if not _is_redis(connection):
            waiting = int(channel.queue_declare(queue=queue, passive=True).message_count)
            if waiting > at_most:
                raise too_many(queue, waiting, at_most)
            return int(channel.queue_purge(queue=queue) or 0)
        keys = _keys(channel, queue)
        with channel.conn_or_acquire() as client:
            # The prefix is part of the keys already, and this command is none that kombu would prefix.
            purged = int(client.eval(_PURGE, len(keys), *keys, at_most))
        if purged < 0:
            raise too_many(queue, -purged, at_most)
        return purged


def too_many(queue: str, waiting: int, at_most: int) -> RefusedError:
    """Return the refusal to delete more than was expected."""
    return RefusedError(f"{queue} holds {waiting} messages, more than the {at_most} that were expected.")


def holds(connection: Connection, queue: str, task_id: str) -> bool | None:
    """Say whether the message of a task is among the newest of a queue; None where the broker cannot tell."""
    if not _is_redis(connection):
        return None
    wanted = task_id.encode()
    with _Channel(connection) as channel, channel.conn_or_acquire() as client:
        for key in _keys(channel, queue):
            if any(wanted in message for message in client.lrange(key, 0, _NEWEST - 1)):
                return True
    return False


def _is_redis(connection: Connection) -> bool:
    return str(connection.transport.driver_type) == "redis"


def _keys(channel: Any, queue: str) -> list[str]:
    """Return the lists of a queue, one for each priority."""
    prefix = channel.global_keyprefix or ""
    return [f"{prefix}{channel._q_for_pri(queue, priority)}" for priority in channel.priority_steps]


class _Channel:
    """A channel of its own: a refused look closes the channel it was asked on."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._channel: Any = None

    def __enter__(self) -> Any:
        try:
            self._channel = self._connection.channel()
        except errors_of(self._connection) as error:
            raise BrokerAwayError(f"The broker went away: {error}") from error
        return self._channel

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if self._channel is not None and error is None:
            self._channel.close()
        if isinstance(error, errors_of(self._connection)):
            raise BrokerAwayError(f"The broker went away: {error}") from error

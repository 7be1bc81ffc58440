"""The messages of one task that wait in a queue of a Redis broker, and moving them to the list of another priority.

Redis brings the list of the lowest number first. A message is moved by one script: it is in one list or in the other,
or was taken by a worker before. What changes of it is its priority, and that it is noted what that was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from kombu import Connection

from monitoring.recording.stamp import RAISED

from .base import RefusedError

MOST = 5_000
"""So many messages of each priority are looked through, those that come next."""
_CHUNK = 50

# The oldest is at the end, where workers take from: those that were moved come after what waited there.
_MOVE = """
local moved = 0
for place = 1, #ARGV, 2 do
  if redis.call('LREM', KEYS[1], -1, ARGV[place]) == 1 then
    redis.call('LPUSH', KEYS[2], ARGV[place + 1])
    moved = moved + 1
  end
end
return moved
"""


@dataclass(frozen=True)
class Waiting:
    """A message.

    Attributes:
        step: The priority by whose list it lies.
        raw: As it lies there.
        message: The same, read.
    """

    step: int
    raw: bytes
    message: dict[str, Any]

    @property
    def priority(self) -> int:
        """Its priority: that of its list, or one that belongs to the same list."""
        told = self.message["properties"].get("priority")
        return told if isinstance(told, int) else self.step

    @property
    def raised(self) -> tuple[str, int] | None:
        """By what order it was raised, and what its priority was; None where it was not."""
        order, _, before = str(self.message.get("headers", {}).get(RAISED) or "").partition(";")
        return (order, int(before)) if before.isdecimal() else None

    def at(self, priority: int, raised: str | None) -> bytes:
        """Return it with another priority, and with a note of what raised it or without one."""
        headers = {key: value for key, value in self.message["headers"].items() if key != RAISED}
        if raised is not None:
            headers[RAISED] = raised
        properties = {**self.message["properties"], "priority": priority}
        return json.dumps({**self.message, "headers": headers, "properties": properties}).encode()


class Lists:
    """The lists of a queue, one for each step of priority.

    Args:
        connection: To the broker.
        queue: The queue.

    Raises:
        RefusedError: The broker is no Redis.
    """

    def __init__(self, connection: Connection, queue: str) -> None:
        if connection.transport.driver_type != "redis":
            raise RefusedError(f"A broker of the kind {connection.transport.driver_type} cannot move what waits.")
        channel: Any = connection.default_channel
        self._channel, self._queue = channel, queue
        self.steps = tuple(sorted(int(step) for step in channel.priority_steps))

    def step_of(self, priority: float) -> int:
        """Return by which list messages of a priority go."""
        return max((step for step in self.steps if step <= priority), default=self.steps[0])

    def of(self, task: str) -> Iterator[Waiting]:
        """Yield the messages of a task, the best first and of these the oldest."""
        named = json.dumps(task).encode()
        for step in self.steps:
            with self._channel.conn_or_acquire() as client:
                found = cast("list[bytes]", client.lrange(self._key(step), -MOST, -1))
            for raw in reversed(found):
                if named in raw and (read := _read(raw)) is not None and read["headers"].get("task") == task:
                    yield Waiting(step, raw, read)

    def move(self, of: Iterable[tuple[Waiting, bytes]], to: int) -> int:
        """Move messages, those of one list together, and return how many were still there.

        Args:
            of: The messages, the oldest first, and what becomes of each.
            to: The step of the list they go to.
        """
        moved, by_step = 0, dict[int, list[bytes]]()
        for one, becomes in of:
            by_step.setdefault(one.step, []).extend((one.raw, becomes))
        for step, pairs in by_step.items():
            for first in range(0, len(pairs), 2 * _CHUNK):
                some = pairs[first : first + 2 * _CHUNK]
                with self._channel.conn_or_acquire() as client:
                    moved += int(client.eval(_MOVE, 2, self._key(step), self._key(to), *some))
        return moved

    def _key(self, step: int) -> str:
        # The prefix is none that kombu would add to these commands.
        return f"{self._channel.global_keyprefix or ''}{self._channel._q_for_pri(self._queue, step)}"


def _read(raw: bytes) -> dict[str, Any] | None:
    """Read a message of a task; None for what is none."""
    try:
        message = json.loads(raw)
        fits = isinstance(message["headers"], dict) and isinstance(message["properties"], dict)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return message if fits else None

"""Who may leave now: of many processes that are to be restarted, so many at once at most.

A slot is held until a process has come in the place of the one that left, and no longer than its time: a replacement
that never says anything holds up nobody for ever.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import Any, cast

import psutil

from monitoring.stream.connection import Client

# The time is the server's: clocks of two machines differ.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 1 end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[3] * 1000, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3] * 2000)
return 1
"""


@dataclass(frozen=True)
class Slots:
    """The slots of one restart.

    Attributes:
        key: Where they lie in Redis.
        place: Whose place a process takes: the host and number of its parent, or the name of a worker.
    """

    key: str
    place: str

    def take(self, client: Client, instance: str, most: int, seconds: float) -> bool:
        """Take a slot, or find it taken already; return whether this process may leave.

        Args:
            client: Connection to Redis.
            instance: What tells this process from all others.
            most: So many are held at most.
            seconds: For how long it is held at most.
        """
        member = cast(Any, f"{self.place}|{os.getpid()}|{instance}")
        return bool(client.eval(_TAKE, 1, self.key, member, most, max(int(seconds), 1)))

    def give_back(self, client: Client) -> bool:
        """Give back the slot of one that left this process's place; return whether there was one."""
        for member in cast("list[bytes]", client.zrange(self.key, 0, -1)):
            place, _, rest = member.decode("utf-8", "replace").rpartition("|")[0].rpartition("|")
            if place == self.place and _is_gone(rest) and client.zrem(self.key, member):
                return True
        return False


def place_of_server() -> str:
    """Return the place of a web process: its parent's."""
    return f"{socket.gethostname()}:{os.getppid()}"


def _is_gone(pid: str) -> bool:
    return pid == str(os.getpid()) or not pid.isdecimal() or not psutil.pid_exists(int(pid))

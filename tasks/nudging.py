"""Asking for a task at once: one run for however many who ask before it begins, and never two runs side by side.

That is economy. What a run does must be right without it, and beat asks as well: a nudge that is lost costs some
seconds. A nudge is over when its run begins to read, so that whatever is committed later asks anew.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from kombu.exceptions import OperationalError

from monitoring.conf import get_config
from monitoring.intake.connections import reading_client
from monitoring.stream.connection import Client
from monitoring.stream.lease import lease

_PENDING_SECONDS = 10
_AGAIN_SECONDS = 60
_LONGEST = 4


def nudge(task: Any) -> None:
    """Ask for a run of a task, unless somebody has asked for one that has not begun; a broker that is away is let be.

    Args:
        task: A Celery task without arguments, whose body is inside of `alone`.
    """
    with contextlib.suppress(redis.RedisError, OperationalError):
        client, pending = _client(), _key(task, "pending")
        if client.set(pending, b"1", nx=True, ex=_PENDING_SECONDS):
            try:
                task.apply_async(expires=_PENDING_SECONDS)
            except Exception:
                client.delete(pending)
                raise


@contextmanager
def alone(task: Any, seconds: float) -> Iterator[bool]:
    """Run only while no other run does; the block sees whether it may.

    A run that comes while another one is at it leaves word, and the other one asks for one more when it ends.

    Args:
        task: The running task.
        seconds: After which another run may begin, should the process of this one die; if it hangs, after about five
            times as long.
    """
    client, again = _client(), _key(task, "again")
    client.delete(_key(task, "pending"))
    # Before the lease is asked for: whoever holds it looks for this word after giving it back.
    client.set(again, b"1", ex=_AGAIN_SECONDS)
    with lease(client, _key(task, "lease"), seconds, _LONGEST * seconds) as mine:
        if mine:
            client.delete(again)
        yield mine
    if mine and client.exists(again):
        nudge(task)


def _client() -> Client:
    return reading_client(get_config().redis_url)


def _key(task: Any, what: str) -> str:
    return f"{get_config().stream_prefix}:{what}:{task.name}"

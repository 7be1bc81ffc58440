"""`codex_triggered:route:<route>`: there as long as no fix of a route is asked for again.

They are there to be looked at: whoever writes or deletes them changes nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import router

from monitoring.protection.notices.models import PatchCooldown
from monitoring.protection.notices.planning import cooldowns
from monitoring.stream.connection import Client

PREFIX = "codex_triggered:route:"
_VALUE = "True"


def write(client: Client, now: datetime | None = None) -> int:
    """Write the keys of all cooldowns that are not over, each for as long as that takes.

    Args:
        client: Connection to Redis.
        now: The current time.

    Returns:
        How many were written.

    Raises:
        redis.RedisError: Redis does not answer, or refuses.
    """
    found = cooldowns(now or datetime.now(UTC), router.db_for_write(PatchCooldown))
    if found:
        with client.pipeline(transaction=False) as pipeline:
            for route, until in found.items():
                pipeline.set(PREFIX + route, _VALUE, pxat=int(until.timestamp() * 1000))
            pipeline.execute()
    return len(found)

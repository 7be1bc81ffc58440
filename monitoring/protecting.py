"""One run of the protection: who is blocked, who was let go in Redis, and that every process knows of it at once."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import router

from monitoring import decisions
from monitoring.conf import Config
from monitoring.health import outages
from monitoring.intake.connections import reading_client
from monitoring.protection import deciding
from monitoring.protection.circuits import deciding as circuits
from monitoring.protection.interruptions import reading as interruptions
from monitoring.protection.interruptions.models import ProtectionRun
from monitoring.protection.keys import blocked, counts, patches


def protect(config: Config) -> bool:
    """Decide, project what was decided, and keep the documented keys. Call it outside of transactions.

    Args:
        config: This installation's settings.

    Returns:
        Whether there are notices to send.

    Raises:
        redis.RedisError: Redis does not answer. What was decided is kept, and projected by a later run.
    """
    client, alias = reading_client(config.redis_url), router.db_for_write(ProtectionRun)
    interruptions.resume(datetime.now(UTC), alias)
    decided = deciding.decide(config, outages.read(client, config))
    if circuits.decide() + decided.blocked:
        decisions.project(config)
    # Whose block this ends is told of at once by the signal that follows.
    blocked.synchronize(client, config.stream_prefix)
    counts.write(client)
    patches.write(client)
    interruptions.complete(datetime.now(UTC), alias)
    return decided.notices


def decide_circuits(config: Config) -> None:
    """Decide about circuits, and have every process know at once. Call it outside of transactions.

    Args:
        config: This installation's settings.

    Raises:
        redis.RedisError: Redis does not answer. What was decided is kept, and projected by a later run.
    """
    if circuits.decide():
        decisions.project(config)


def announce(config: Config) -> None:
    """Have every process, and whoever looks at the keys, know at once what a person decided.

    Args:
        config: This installation's settings.

    Raises:
        redis.RedisError: Redis does not answer. They know once it does.
    """
    decisions.project(config)
    if not config.eager:
        blocked.synchronize(reading_client(config.redis_url), config.stream_prefix)

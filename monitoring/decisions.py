"""What is projected from the database for every process to know: the one list, and the projecting itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import lru_cache

from monitoring.conf import Config, get_config
from monitoring.errors.bugs import decisions as bugs
from monitoring.intake.connections import reading_client
from monitoring.protection.allowed import decisions as allowed
from monitoring.protection.blocks import decisions as blocks
from monitoring.protection.circuits import decisions as circuits
from monitoring.protection.throttles import decisions as throttles
from monitoring.recording.decisions import copy
from monitoring.recording.effects import KINDS
from monitoring.recovery import switch
from monitoring.recovery.effects import decisions as effects
from monitoring.recovery.in_code import switched
from monitoring.stream import heartbeats
from monitoring.stream.decisions import Entry, Replica
from monitoring.stream.projection import Entries, Provider, rebuild


def _lasting(read: Callable[[], Mapping[str, str]]) -> Provider:
    """Make a provider of values that are in force until they are taken back."""

    def entries() -> Entries:
        return {key: Entry(value) for key, value in read().items()}

    return entries


def _protection() -> Entries:
    """Return what becomes of those who are blocked or throttled."""
    return {"mode": Entry(get_config().protection)}


def _processes() -> Entries:
    """Return how many processes answer requests; in eager mode there is but this one, and no Redis to ask."""
    config = get_config()
    if config.eager:
        return {}
    alive = sum(one.alive for one in heartbeats.read_web(reading_client(config.redis_url), config.stream_prefix))
    return {"web": Entry(str(alive))} if alive else {}


PROVIDERS: dict[str, Provider] = {
    "bug": _lasting(bugs.active),
    "allow": allowed.entries,
    "throttle": throttles.entries,
    "block": blocks.entries,
    "circuit": circuits.entries,
    "block_length": blocks.lengths,
    "protection": _protection,
    "process_count": _processes,
    switched.KIND: switch.entries,
    **{kind: effects.entries_of(kind) for kind in KINDS},
}
"""Who reads the decisions of a kind, by `service:fingerprint` for bugs."""

_turn = threading.Lock()


def project(config: Config) -> int:
    """Make what processes know of decisions what the database says; in eager mode what this one knows.

    Call it outside of transactions.

    Args:
        config: This installation's settings.

    Returns:
        How many changes were written to Redis.

    Raises:
        Exception: What a provider raised; the kinds of the others are projected all the same.
        redis.RedisError: Redis does not answer.
    """
    if config.eager:
        copy.take({kind: provider() for kind, provider in PROVIDERS.items()})
        return 0
    with _turn:
        return rebuild(reading_client(config.redis_url), _replica(config.redis_url, config.stream_prefix), PROVIDERS)


@lru_cache(maxsize=1)
def _replica(_url: str, prefix: str) -> Replica:
    """Return what this process knows of the projection: it reads only what others have changed since."""
    return Replica(prefix)

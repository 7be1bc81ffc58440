"""Drain a stream for a few seconds, listening for what arrives: what the drain task does."""

from __future__ import annotations

import time
from collections.abc import Callable

from monitoring.conf import Config
from monitoring.stream import streams
from monitoring.stream.lease import lease
from monitoring.stream.streams import MEASURES, Stream

from .commit import Intake, OvertakenError
from .connections import reading_client, write_connection
from .drain import drain

_LEASE_MARGIN_SECONDS = 5.0


def listen(
    config: Config, stream: Stream, stopping: Callable[[], bool], nudge: Callable[[str], None] = lambda _due: None
) -> bool:
    """Drain a stream until `DRAIN_SECONDS` are over, unless somebody else is at it.

    Args:
        config: This installation's settings.
        stream: Which stream.
        stopping: Says whether the process wants to end.
        nudge: Called with the name of what has become due. What it does may fail: beat asks for it as well.

    Returns:
        Whether this was the one that drained, and the next one should be called.
    """
    client = reading_client(config.redis_url)
    with lease(client, lease_key(stream), config.drain_seconds + _LEASE_MARGIN_SECONDS) as mine:
        if not mine:
            return False
        intake = Intake(write_connection(), config, stream)
        end = time.monotonic() + config.drain_seconds
        while (remaining := end - time.monotonic()) > 0 and not stopping():
            # Waiting first asks an idle stream one question instead of three.
            if not streams.wait(client, stream, min(config.drain_block, remaining)):
                if stream.shard >= config.shards:  # left over from another number of shards
                    streams.forget(client, stream)
                    return False
                continue
            try:
                drain(intake, client)
            except OvertakenError:
                continue
            while intake.due:
                nudge(intake.due.pop())
            if stream.lane == MEASURES and not intake.pace.behind:
                time.sleep(min(config.drain_linger, max(0.0, end - time.monotonic())))
        return not stopping()


def lease_key(stream: Stream) -> str:
    """Key of the lease on draining a stream."""
    return f"{stream.prefix}:lease:{stream.shard}:{stream.lane}"


def unattended(config: Config) -> list[Stream]:
    """Return the streams that exist and that nobody is draining."""
    client = reading_client(config.redis_url)
    found = sorted(streams.existing(client, config.stream_prefix, config.shards), key=lambda stream: stream.key)
    return [stream for stream in found if not client.exists(lease_key(stream))]

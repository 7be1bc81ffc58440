"""Are events taken in, or do they wait?"""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.component import Check, Outcome, Status
from monitoring.conf import Config, get_config
from monitoring.stream import streams
from monitoring.stream.backlog import waiting
from monitoring.stream.connection import connect


@dataclass(frozen=True)
class Intake(Check):
    """Looks at the age of the oldest entry in every event stream."""

    id: str = "intake"
    component: str = "intake"

    def run(self) -> Outcome:
        """Find the oldest entry that nobody has drained."""
        config = get_config()
        client = connect(config.redis_url, self.time_limit)
        try:
            found = waiting(client, streams.existing(client, config.stream_prefix, config.shards))
        finally:
            client.connection_pool.disconnect()
        entries = sum(one.entries for one in found.values())
        return judge(max((one.age for one in found.values()), default=0.0), entries, config)


def judge(oldest: float, entries: int, config: Config) -> Outcome:
    """Compare the age of the oldest entry, in seconds, with the limits."""
    details = {"oldest_seconds": round(oldest, 1), "entries": entries}
    if oldest < config.intake_degraded_seconds:
        return Outcome(Status.HEALTHY, "Events are taken in", details)
    status = Status.UNHEALTHY if oldest >= config.intake_unhealthy_seconds else Status.DEGRADED
    return Outcome(status, f"The oldest event has waited for {oldest:.0f} s", details)

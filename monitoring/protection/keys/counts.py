"""`error_count:ip:<address>` and `error_count:route:<route>`: how many errors there were within the window.

They are there to be looked at: whoever writes or deletes them changes nothing. What a client did before the last block
of it ended does not count any more.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import router
from django.db.models import Max, Q, Sum

from monitoring.protection.blocks.models import Block
from monitoring.protection.counting.models import ErrorTally
from monitoring.protection.counting.reading import load
from monitoring.protection.counting.tally import current_window
from monitoring.protection.networks import shown
from monitoring.stream.connection import Client

OF_CLIENT, OF_ROUTE = "error_count:ip:", "error_count:route:"
MOST = 1_000
"""Clients and routes whose counts are written, those with the latest errors."""


def write(client: Client, now: datetime | None = None) -> int:
    """Write the counts of clients and routes with errors within the window, each for as long as that lasts.

    Args:
        client: Connection to Redis.
        now: The current time.

    Returns:
        How many were written.

    Raises:
        redis.RedisError: Redis does not answer, or refuses.
    """
    window = current_window().milliseconds
    beginning = int((now or datetime.now(UTC)).timestamp() * 1000) - window
    rows = ErrorTally.objects.using(router.db_for_write(ErrorTally)).filter(last__gt=beginning)
    grouped = rows.filter(Q(client="") | Q(route="")).values("client", "service", "route")
    latest = grouped.annotate(count=Sum("seen"), latest=Max("last")).order_by("-latest")
    counts: dict[str, tuple[int, int]] = {}
    for network, route, count, last in latest.values_list("client", "route", "count", "latest")[:MOST]:
        key = OF_ROUTE + route if route else OF_CLIENT + shown(network)
        before = counts.get(key, (0, 0))  # services may have routes of one name
        counts[key] = (max(count, before[0]), max(last, before[1]))
    counts |= _since_their_blocks(beginning + window)
    if counts:
        with client.pipeline(transaction=False) as pipeline:
            for key, (count, last) in counts.items():
                if count:
                    pipeline.set(key, count, pxat=last + window)
                else:
                    pipeline.delete(key)
            pipeline.execute()
    return len(counts)


def _since_their_blocks(now: int) -> dict[str, tuple[int, int]]:
    """Return the counts of those clients whose last block has ended within the window."""
    window, alias = current_window(), router.db_for_write(ErrorTally)
    beginning = datetime.fromtimestamp((now - window.milliseconds) / 1000, UTC)
    blocks = Block.objects.using(alias).filter(withheld="", ended__gt=beginning).order_by("ended")
    ended = {row.network: row.ended for row in blocks.only("network", "ended")[:MOST] if row.ended is not None}
    if not ended:
        return {}
    tallies = load(ErrorTally.objects.using(alias).filter(client__in=ended, route=""), window)
    return {
        OF_CLIENT + shown(network): (
            tally.count(window, int(ended[network].timestamp() * 1000), now),
            tally.last,
        )
        for (network, _, _), tally in tallies.items()
    }

"""Who is looked at in a run of the protection, and in which order: nobody hides behind others, be they ever so many."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from .blocks.models import Block
from .counting.reading import Over, Route

TOGETHER = 500
"""Clients that are looked at together."""
SECONDS = 10.0
"""No further ones are looked at after so long: the next run begins anew, without those that are decided."""


def pages(
    over: Over, alias: str, clock: Callable[[], float] = time.monotonic
) -> Iterator[tuple[Sequence[str], Sequence[Route]]]:
    """Yield clients that may be over their limit, the first of them with all routes that may be.

    Those of whom nothing is decided come first, then those that were not blocked for a reason and have failed since.
    Those that have not failed since are looked at again only where there is room: the reason may be gone.

    Args:
        over: Clients and routes, in the order in which they matter.
        alias: The database.
        clock: Seconds of a clock that never goes back.
    """
    deadline = clock() + SECONDS
    open_, settled = _sort(over, alias)
    yield [*open_, *settled][:TOGETHER], over.routes
    for first in range(TOGETHER, len(open_), TOGETHER):
        if clock() >= deadline:
            return
        yield open_[first : first + TOGETHER], ()


def _sort(over: Over, alias: str) -> tuple[list[str], list[str]]:
    """Return whom to look at, and those of whom nothing new is known; who is blocked is neither."""
    if not over.clients:
        return [], []
    oldest = datetime.fromtimestamp(over.begins / 1000, UTC)
    rows = Block.objects.using(alias).filter(ended=None, started__gt=oldest).order_by()
    decided = {(network, bool(why)): at for network, why, at in rows.values_list("network", "withheld", "started")}
    new, again, settled = [], [], []
    for client, last in over.clients:
        if (client, False) in decided:
            continue
        withheld = decided.get((client, True))
        if withheld is None:
            new.append(client)
        elif last > withheld.timestamp() * 1000:
            again.append(client)
        else:
            settled.append(client)
    return new + again, settled

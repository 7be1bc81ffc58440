"""What became of a client before: whether it is blocked already, and what it has done penance for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from .models import Block, BlockOrigin

_REPEATED_SECONDS = 86_400
"""A block that begins within so many seconds after the last one ended is a further one."""


@dataclass(frozen=True)
class Past:
    """Earlier blocks of a client.

    Attributes:
        blocked: Whether it is blocked.
        withheld: Whether it is known that it would have been.
        ended: When its last block ended: what it did before does not count again.
        level: That of its next block.
    """

    blocked: bool = False
    withheld: bool = False
    ended: datetime | None = None
    level: int = 0


NONE = Past()


def read(clients: Collection[str], now: datetime, alias: str) -> dict[str, Past]:
    """Return what is known of clients, by network.

    Args:
        clients: Networks in their canonical spelling.
        now: The current time.
        alias: The database.
    """
    lately = Q(ended=None) | Q(ended__gte=now - timedelta(seconds=_REPEATED_SECONDS))
    rows = Block.objects.using(alias).filter(lately, network__in=clients).order_by("started", "id")
    columns = ("network", "withheld", "origin", "level", "started", "expires", "ended")
    found: dict[str, Past] = {}
    for row in rows.only(*columns):
        past = found.get(row.network, NONE)
        if row.withheld:
            found[row.network] = Past(past.blocked, past.withheld or row.ended is None, past.ended, past.level)
        elif row.ended is None:
            found[row.network] = Past(True, past.withheld, past.ended, past.level)
        else:
            # Whom somebody let go is no repeater.
            served = row.origin == BlockOrigin.AUTO and row.ended >= row.expires
            ended = row.ended if past.ended is None else max(row.ended, past.ended)
            found[row.network] = Past(past.blocked, past.withheld, ended, row.level + 1 if served else 0)
    return found

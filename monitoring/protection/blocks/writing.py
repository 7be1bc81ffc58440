"""Writing what the protection decided, with the notices of it, in one transaction.

Of many who decide the same at once, the database lets one have it: that one tells of it and counts it.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitoring.forms import Network
from monitoring.protection.networks import shown
from monitoring.protection.notices import planning

from . import totals
from .models import MAX_REASON, MAX_ROUTE, Block, Crossed, Withheld

_BATCH = 500


@dataclass(frozen=True)
class Decision:
    """A client that is to be blocked, or is not for a reason.

    Attributes:
        network: The client.
        addresses: Whence its errors came.
        crossed: Which limit; None where a rule asks for the block.
        withheld: Why it is not blocked; None if it is.
        count: Errors that crossed the limit.
        window: Seconds in which they were.
        route: Where.
        level: How many blocks there were before it, one after another.
        seconds: How long it lasts.
        evidence: What is kept of its errors.
        because: Why, in words, where no limit was crossed.
    """

    network: Network
    addresses: Sequence[str]
    crossed: Crossed | None
    withheld: Withheld | None
    count: int
    window: int
    route: str
    level: int
    seconds: int
    evidence: dict[str, Any]
    because: str = ""

    @property
    def reason(self) -> str:
        """What is told, in words."""
        if self.because:
            return self.because[:MAX_REASON]
        of = "The client caused" if self.crossed is Crossed.CLIENT else f"{self.route} answered with"
        return f"{of} {self.count} server errors within {self.window} seconds."


def write(decisions: Sequence[Decision], now: datetime, alias: str) -> tuple[int, bool]:
    """Write blocks, and those that were withheld, within the caller's transaction.

    Args:
        decisions: One of each client at most.
        now: When they begin.
        alias: The database.

    Returns:
        How many clients were blocked by this, and whether there is a notice to send.
    """
    mark = uuid.uuid4()
    rows = Block.objects.using(alias)
    ordered = sorted(decisions, key=lambda one: str(one.network))  # in one order, so that two never wait for each other
    real = [str(one.network) for one in ordered if one.withheld is None]
    rows.filter(network__in=real, withheld__gt="", ended=None).update(ended=now, ended_by=totals.BLOCKED)
    rows.bulk_create([_row(one, now, mark) for one in ordered], _BATCH, ignore_conflicts=True)
    made = list(rows.filter(mark=mark, network__in=[str(one.network) for one in ordered]).order_by("network"))
    counted = Counter(row.withheld or totals.BLOCKED for row in made)
    totals.add(counted, alias)
    told = [planning.plan_block(_blocked(row), alias) for row in made if not row.withheld]
    return counted[totals.BLOCKED], any(told)


def _row(decision: Decision, now: datetime, mark: uuid.UUID) -> Block:
    return Block(
        network=str(decision.network),
        prefix=decision.network.prefixlen,
        addresses=list(decision.addresses),
        crossed=decision.crossed or "",
        withheld=decision.withheld or "",
        reason=decision.reason,
        route=decision.route[:MAX_ROUTE],
        count=decision.count,
        window=decision.window,
        level=decision.level,
        started=now,
        expires=now + timedelta(seconds=decision.seconds),
        evidence=decision.evidence,
        mark=mark,
    )


def _blocked(row: Block) -> planning.Blocked:
    client = shown(row.network)
    return planning.Blocked(row.pk, client, row.count, row.window, row.started, row.expires, row.reason, row.route)

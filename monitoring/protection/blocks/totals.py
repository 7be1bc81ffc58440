"""How many clients were blocked, by whom, and how many would have been, by why they were not: since ever."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import router
from django.db.models import F

from .models import BlockOrigin, BlockTotal, Withheld

BLOCKED = "blocked"
"""What is counted of a block that the protection itself made; those of people count by their origin."""
OF_ORIGIN = {origin: BLOCKED if origin == BlockOrigin.AUTO else origin for origin in BlockOrigin.values}


def add(outcomes: Mapping[str, int], alias: str) -> None:
    """Count what came of decisions, within the caller's transaction.

    Args:
        outcomes: How many by outcome.
        alias: The database.
    """
    totals = BlockTotal.objects.using(alias)
    totals.bulk_create([BlockTotal(outcome=outcome) for outcome in sorted(outcomes)], ignore_conflicts=True)
    for outcome, count in sorted(outcomes.items()):
        totals.filter(outcome=outcome).update(count=F("count") + count)


def read() -> tuple[dict[str, int], dict[str, int]]:
    """Return the blocks by origin, and those that were withheld by reason; zero where there was none."""
    rows = BlockTotal.objects.using(router.db_for_write(BlockTotal))
    found = dict(rows.values_list("outcome", "count"))
    blocked = {origin: found.get(outcome, 0) for origin, outcome in OF_ORIGIN.items()}
    return blocked, {reason: found.get(reason, 0) for reason in Withheld.values}

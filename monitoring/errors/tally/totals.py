"""Add to the totals of errors, and read them.

Each shard has rows of its own, so that drains do not wait for each other; readers add them up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from django.db import router
from django.db.models import Sum

from monitoring.storage import bulk
from monitoring.storage.folding import Scope
from monitoring.storage.names import OTHER

from .models import ErrorTotal

ERROR, GROUP, REGRESSION = "error", "group", "regression"
Key = tuple[str, str, str]
"""What, service, severity."""


def add(grown: Mapping[Key, int], scope: Scope) -> None:
    """Add to totals, in a number of statements that does not grow with them.

    Args:
        grown: By how much; services beyond the limit of label sets are counted as `<other>`.
        scope: Whose transaction it is, and the limit.
    """
    if not grown:
        return
    kept = _kept({service for _, service, _ in grown}, scope)
    summed = Counter[Key]()
    for (what, service, severity), count in grown.items():
        summed[what, service if service in kept else OTHER, severity] += count
    keys = sorted(summed)
    rows: bulk.Columns = {
        "what": [what for what, _, _ in keys],
        "service": [service for _, service, _ in keys],
        "severity": [severity for _, _, severity in keys],
        "shard": [scope.shard] * len(keys),
        "count": [summed[key] for key in keys],
    }
    bulk.add(scope.connection, ErrorTotal, rows, added=["count"])


def read() -> dict[Key, int]:
    """Return all totals, of all shards."""
    rows = ErrorTotal.objects.using(router.db_for_write(ErrorTotal)).order_by()
    summed = rows.values_list("what", "service", "severity").annotate(total=Sum("count"))
    return {(what, service, severity): total for what, service, severity, total in summed}


def _kept(services: set[str], scope: Scope) -> set[str]:
    """Return the services that have rows of their own: those that are stored keep them, then first come."""
    rows = ErrorTotal.objects.using(scope.connection.alias).filter(shard=scope.shard).order_by()
    stored = set(rows.values_list("service", flat=True).distinct())
    return stored | set(sorted(services - stored)[: max(0, scope.label_sets - len(stored))])

"""Which counters and gauges are too many for a minute, so that they fold into `<other>`.

Counters that applications choose, and those that follow from tasks and from endpoints, are bounded each by itself: a
flood of one takes no names from the others.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Q

from monitoring.storage import names
from monitoring.storage.folding import Scope

from . import labels
from .models import CounterMinute, GaugeValue

Key = tuple[str, str, int]
"""Service, name, epoch minute."""
_MINUTE = 60_000


@dataclass(frozen=True)
class Source:
    """Where counters come from.

    Attributes:
        mine: What tells their names from others.
        rows: How many rows of a minute a name takes at least.
    """

    mine: Q
    rows: int = 1


TASKS = Source(Q(name__startswith=labels.TASK_PREFIX), rows=2)
ENDPOINTS = Source(Q(name__startswith=labels.ENDPOINT_PREFIX))
CHOSEN = Source(~TASKS.mine & ~ENDPOINTS.mine)


def beyond(keys: Collection[Key], source: Source, scope: Scope) -> set[Key]:
    """Return the counters beyond the limit of their minute: those that have a row keep it, then first come.

    Args:
        keys: The counters of one drain, each once.
        source: Where they come from.
        scope: Where, and the limit.
    """
    fresh = Tally(start for _, _, start in keys)
    rows = CounterMinute.objects.using(scope.connection.alias).filter(shard=scope.shard)
    counted = rows.filter(start__in=list(fresh)).order_by().values_list("start").annotate(rows=Count("name_id"))
    used = Tally(dict(counted))
    crowded = {m for m, count in fresh.items() if used[m] + count * source.rows > scope.names_per_minute}
    if not crowded:
        return set()
    own = names.Name.objects.filter(source.mine, kind=labels.COUNTER).values("pk")
    stored = set(rows.filter(start__in=crowded, name_id__in=own).values_list("name_id", "start"))
    used = Tally(start for _, start in stored)
    ids = names.lookup(scope.connection, {(labels.COUNTER, *key[:2]) for key in keys if key[2] in crowded})
    found = set()
    for key in keys:
        service, name, start = key
        if start not in crowded or (ids.get((labels.COUNTER, service, name)), start) in stored:
            continue
        if used[start] + source.rows <= scope.names_per_minute:
            used[start] += source.rows
        else:
            found.add(key)
    scope.noted["names_folded"] += len(found)
    return found


def gauges_beyond(titles: Collection[tuple[str, str]], scope: Scope) -> set[tuple[str, str]]:
    """Return the gauges beyond the limit of the last minute: those that are stored stay, then first come.

    Args:
        titles: Services and names of gauges, each once.
        scope: Where, and the limit.
    """
    ids = names.lookup(scope.connection, {(labels.GAUGE, *title) for title in titles})
    fresh = [title for title in titles if (labels.GAUGE, *title) not in ids]
    if not fresh:
        return set()
    rows = GaugeValue.objects.using(scope.connection.alias).filter(shard=scope.shard, at__gte=scope.now - _MINUTE)
    found = set(fresh[max(0, scope.names_per_minute - rows.count()) :])
    scope.noted["names_folded"] += len(found)
    return found

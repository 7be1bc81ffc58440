"""How often tasks succeeded lately, from the counters of their executions."""

from __future__ import annotations

import time

from django.db.models import Sum

from monitoring.storage.names import Name

from .labels import COUNTER, TASK, task_counter
from .models import CounterMinute
from .reader import COUNTER_MINUTES

MAX_MINUTES = COUNTER_MINUTES
_PREFIX, _SUFFIX = task_counter(""), "_SUCCESS"
_CHUNK = 500


def succeeded(minutes: int) -> dict[str, int]:
    """Return how many executions of each task succeeded, over all services.

    Args:
        minutes: How far back, up to `MAX_MINUTES`.
    """
    since = int(time.time() // 60) - minutes
    counters = Name.objects.filter(kind=COUNTER, name__startswith=_PREFIX, name__endswith=_SUFFIX)
    rows = CounterMinute.objects.filter(start__gt=since, name_id__in=counters.values("pk")).order_by()
    grown = dict(rows.values_list("name_id").annotate(grown=Sum("value")))
    counted: dict[str, float] = {}
    for pk, name in counters.filter(pk__in=list(grown)).values_list("pk", "name"):
        counted[name] = counted.get(name, 0.0) + grown[pk]
    tasks = _tasks([name.removeprefix(_PREFIX).removesuffix(_SUFFIX) for name in counted])
    return {task: int(counted[counter]) for task in tasks if (counter := f"{task_counter(task)}{_SUFFIX}") in counted}


def _tasks(names: list[str]) -> set[str]:
    """Return which of these are tasks; counters by hand look the same. Some have another counter than their name."""
    candidates = sorted({*names, *(name.removesuffix("_") for name in names)})
    found: set[str] = set()
    for first in range(0, len(candidates), _CHUNK):
        some = Name.objects.filter(kind=TASK, name__in=candidates[first : first + _CHUNK])
        found.update(some.values_list("name", flat=True))
    return found

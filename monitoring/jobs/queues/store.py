"""Writing samples: the state of each queue, and its minute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connections, router

from monitoring.storage import bulk, names, partitions

from .models import MAX_NAMES, NAME_KIND, QueueMinute, QueueState


def save(states: Sequence[QueueState], gone: Sequence[str] = ()) -> None:
    """Store the states of queues, note them in the history, and forget queues that are no more.

    Args:
        states: What was sampled.
        gone: Names of queues that nobody names any more.
    """
    connection = connections[router.db_for_write(QueueState)]
    rows = QueueState.objects.using(connection.alias)
    if gone:
        rows.filter(name__in=list(gone)).delete()
    if not states:
        return
    updated = [field.name for field in QueueState._meta.concrete_fields if field.name != "name"]
    rows.bulk_create(states, batch_size=100, update_conflicts=True, unique_fields=["name"], update_fields=updated)
    start = int(states[0].at.timestamp() // 60)
    _note(connection, start, states)


def _note(connection: Any, start: int, states: Sequence[QueueState]) -> None:
    """Raise the maxima of this minute."""
    ids, _ = names.intern(connection, {(NAME_KIND, "", state.name) for state in states}, MAX_NAMES)
    by_id = {ids[NAME_KIND, "", state.name]: state for state in states}
    keys: dict[str, list[Any]] = {"start": [start] * len(by_id), "name_id": list(by_id)}
    partitions.ensure(connection, QueueMinute, [start])
    stored = {row[1]: row[2:] for row in bulk.fetch(connection, QueueMinute, keys, [*keys, "max_depth", "max_age"])}
    depths, ages = [], []
    for pk, state in by_id.items():
        depth, age = stored.get(pk, (0, None))
        depths.append(max(depth, state.depth))
        known = [one for one in (age, state.oldest_age) if one is not None]
        ages.append(max(known, default=None))
    last = [state.depth for state in by_id.values()]
    bulk.put(connection, QueueMinute, {**keys, "max_depth": depths, "last_depth": last, "max_age": ages})

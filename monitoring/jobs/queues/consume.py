"""Count recorded sendings and receipts by queue and minute. Few queues make few rows, however many the tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from monitoring.storage import bulk, names, partitions
from monitoring.storage.folding import Columns, Scope, Write

from .models import MAX_NAMES, NAME_KIND, QueueFlow

_KINDS = ("sent", "received")


def consume(measures: Mapping[str, Columns], _facts: object, scope: Scope) -> list[Write]:
    """Add what was sent and received to the stored counts."""
    grown: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0] * len(_KINDS))
    for place, kind in enumerate(_KINDS):
        if columns := measures.get(kind):
            for key, count in _counted(columns):
                grown[key][place] += count
    if not grown:
        return []
    ids, folded = names.intern(scope.connection, {(NAME_KIND, "", name) for name, _ in grown}, MAX_NAMES)
    scope.noted["names_folded"] += folded
    counts: dict[tuple[int, int, int], list[int]] = defaultdict(lambda: [0] * len(_KINDS))
    for (name, start), amounts in grown.items():
        row = counts[start, ids[NAME_KIND, "", name], scope.shard]
        row[:] = map(sum, zip(row, amounts, strict=True))
    partitions.ensure(scope.connection, QueueFlow, {start for start, _, _ in counts})
    return [_write(counts, scope)]


def _counted(columns: Columns) -> list[tuple[tuple[str, int], int]]:
    """Count events by the name of their queue and their epoch minute; those without a queue are left out."""
    minute = columns.at // 60_000
    first = int(minute.min())
    width = int(minute.max()) - first + 1
    keys, counts = np.unique(columns.values["queue"].astype(np.int64) * width + (minute - first), return_counts=True)
    found = []
    for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
        name = columns.names[key // width][1]
        if name:
            found.append(((name, key % width + first), count))
    return found


def _write(counts: Mapping[tuple[int, int, int], list[int]], scope: Scope) -> Write:
    """Add counts to those of the stored rows, and return what writes the sums."""
    start, name_id, shard = map(list, zip(*counts, strict=True))
    keys = {"start": start, "name_id": name_id, "shard": shard}
    stored = {row[:3]: row[3:] for row in bulk.fetch(scope.connection, QueueFlow, keys, [*keys, *_KINDS])}
    sums = [tuple(map(sum, zip(added, stored.get(key, (0, 0)), strict=True))) for key, added in counts.items()]
    sent, received = map(list, zip(*sums, strict=True))
    return lambda: bulk.put(scope.connection, QueueFlow, {**keys, "sent": sent, "received": received})

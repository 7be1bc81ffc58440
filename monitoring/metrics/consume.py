"""Turn recorded counters and gauges, and the counters that follow from requests and tasks, into rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from monitoring.recording import facets
from monitoring.storage import bulk, names, partitions
from monitoring.storage.folding import Columns, Scope, Write

from . import crowds, labelled, labels
from .labels import COUNTER as KIND
from .labels import GAUGE
from .models import CounterMinute, GaugeValue, Total

_MAX_VALUE = 1e300
_DENSE = 4_000_000
_TASK_STATES = ("SUCCESS", "FAILED", "RETRY", "REVOKED", "IGNORED", "REJECTED")
Growth = dict[tuple[str, str, int], float]
"""How much counters grew, by (service, name, epoch minute)."""


def consume(measures: Mapping[str, Columns], _facts: object, scope: Scope) -> list[Write]:
    """Fold counters, gauges, and what follows from requests and tasks; one row is written once a drain."""
    measures = _counted(measures)
    grown: Growth = defaultdict(float)
    if columns := measures.get("counter"):
        _counters(columns, grown, scope)
    if columns := measures.get("request"):
        _requests(columns, grown, scope)
    if columns := measures.get("task"):
        _tasks(columns, grown, scope)
    writes = _add(grown, scope)
    if columns := measures.get("gauge"):
        writes += _gauges(columns, scope)
    return writes + labelled.consume(measures, scope)


def _counted(measures: Mapping[str, Columns]) -> Mapping[str, Columns]:
    """Leave requests out that are only timed."""
    if (columns := measures.get("request")) is None:
        return measures
    counted = columns.where(columns.values["only"] & facets.FOR != facets.EXCEPT_METRICS)
    rest = {kind: other for kind, other in measures.items() if kind != "request"}
    return {**rest, "request": counted} if len(counted.name) else rest


def _counters(columns: Columns, grown: Growth, scope: Scope) -> None:
    """Add up increments; those that are no number or negative are refused, counted."""
    value = columns.values["value"]
    good = np.isfinite(value) & (value >= 0) & (value <= _MAX_VALUE)
    scope.noted["counters_refused"] += int((~good).sum())
    summed = _summed(columns.name[good], columns.at[good] // 60_000, value[good])
    increments = {(*columns.names[position], start): amount for (position, start), amount in summed}
    beyond = crowds.beyond(increments, crowds.CHOSEN, scope)
    for (service, name, start), amount in increments.items():
        grown[service, names.OTHER if (service, name, start) in beyond else name, start] += amount


def _requests(columns: Columns, grown: Growth, scope: Scope) -> None:
    """Count requests: in all, by status, and by endpoint of the API."""
    endpoints: dict[tuple[str, str], int] = {}
    titles = ((service, labels.endpoint(name.partition(" ")[2])) for service, name in columns.names)
    group = np.array([endpoints.setdefault(title, len(endpoints)) for title in titles], np.int64)
    place = columns.at // 60_000 * 1000 + np.minimum(columns.values["status"], 999).astype(np.int64)
    found, by_endpoint = list(endpoints), defaultdict[crowds.Key, float](float)
    for (position, at_status), amount in _summed(group[columns.name], place, np.ones(len(place))):
        service, endpoint = found[position]
        start, status = divmod(at_status, 1000)
        grown[service, "http_requests_total", start] += amount
        grown[service, f"http_status_{status}", start] += amount
        if endpoint:
            grown[service, "api_requests_total", start] += amount
            by_endpoint[service, labels.endpoint_counter(endpoint), start] += amount
    beyond = crowds.beyond(by_endpoint, crowds.ENDPOINTS, scope)
    for key, amount in by_endpoint.items():
        service, counter, start = key
        grown[service, labels.endpoint_counter(names.OTHER) if key in beyond else counter, start] += amount


def _tasks(columns: Columns, grown: Growth, scope: Scope) -> None:
    """Count executions of tasks: in all, and by how they ended."""
    place = columns.at // 60_000 * 10 + np.minimum(columns.values["state"], 9).astype(np.int64)
    ended = []
    for (position, at_state), amount in _summed(columns.name, place, np.ones(len(place))):
        service, name = columns.names[position]
        start, state = divmod(at_state, 10)
        ended.append(((service, labels.task_counter(name), start), state, amount))
    beyond = crowds.beyond(dict.fromkeys(key for key, _, _ in ended), crowds.TASKS, scope)
    for (service, title, start), state, amount in ended:
        counter = labels.task_counter(names.OTHER) if (service, title, start) in beyond else title
        grown[service, counter, start] += amount
        grown[service, labels.TASKS_TOTAL, start] += amount
        if state < len(_TASK_STATES):
            grown[service, f"{counter}_{_TASK_STATES[state]}", start] += amount
            grown[service, f"celery_task_{_TASK_STATES[state]}", start] += amount


Array = np.ndarray[Any, Any]


def _summed(first: Array, second: Array, amounts: Array) -> list[tuple[tuple[int, int], float]]:
    """Add amounts up by two integers."""
    if not len(first):
        return []
    low = int(second.min())
    width = int(second.max()) - low + 1
    place = first.astype(np.int64) * width + (second - low)
    if int(first.max()) < _DENSE // width:  # counting in place needs no sorting
        keys = np.flatnonzero(np.bincount(place))
        sums = np.bincount(place, weights=amounts)[keys]
    else:
        keys, position = np.unique(place, return_inverse=True)
        sums = np.bincount(position, weights=amounts)
    pairs = zip((keys // width).tolist(), (keys % width + low).tolist(), strict=True)
    return list(zip(pairs, sums.tolist(), strict=True))


def _add(grown: Growth, scope: Scope) -> list[Write]:
    """Add growth to the stored rows: by minute, and since ever."""
    if not grown:
        return []
    ids = _intern({(KIND, service, name) for service, name, _ in grown}, scope)
    minutes: dict[tuple[int, ...], float] = defaultdict(float)
    totals: Growth = defaultdict(float)
    for (service, name, start), amount in grown.items():
        minutes[ids[KIND, service, name], start, scope.shard] += amount
        totals[service, name, 0] += amount
    partitions.ensure(scope.connection, CounterMinute, {start for _, start, _ in minutes})
    return [_grow(CounterMinute, ("name_id", "start", "shard"), minutes, scope), *add_totals(KIND, totals, scope)]


def add_totals(kind: str, grown: Mapping[tuple[str, str, int], float], scope: Scope) -> list[Write]:
    """Add growth to totals since ever.

    Args:
        kind: Kind of the names.
        grown: How much, by (service, name, whatever).
        scope: Where.
    """
    if not grown:
        return []
    ids = _intern({(kind, service, name) for service, name, _ in grown}, scope)
    totals: dict[tuple[int | str, ...], float] = defaultdict(float)
    for (service, name, _), amount in grown.items():
        totals[ids[kind, service, name], f"{scope.shard}:{scope.lane}"] += amount
    return [_grow(Total, ("name_id", "source"), totals, scope)]


def _intern(keys: set[names.Key], scope: Scope) -> dict[names.Key, int]:
    ids, folded = names.intern(scope.connection, keys, scope.names_in_all)
    scope.noted["names_folded"] += folded
    return ids


def _grow(model: type[CounterMinute | Total], keys: tuple[str, ...], grown: Mapping[Any, float], scope: Scope) -> Write:
    """Add growth to stored values, and return what writes the sums."""
    by_column: dict[str, list[Any]] = dict(zip(keys, map(list, zip(*grown, strict=True)), strict=True))
    stored = {row[:-1]: row[-1] for row in bulk.fetch(scope.connection, model, by_column, [*keys, "value"])}
    values = [min(amount + stored.get(key, 0.0), _MAX_VALUE) for key, amount in grown.items()]
    return lambda: bulk.put(scope.connection, model, by_column | {"value": values})


def _gauges(columns: Columns, scope: Scope) -> list[Write]:
    """Keep the latest value of each gauge; one that is no number is refused, counted."""
    value = columns.values["value"]
    good = np.isfinite(value)
    scope.noted["gauges_refused"] += int((~good).sum())
    latest: dict[tuple[str, str], tuple[int, float]] = {}
    for position, at, number in zip(
        columns.name[good].tolist(), columns.at[good].tolist(), value[good].tolist(), strict=True
    ):
        title = columns.names[position]
        if title not in latest or at >= latest[title][0]:
            latest[title] = (at, number)
    if not latest:
        return []
    beyond = crowds.gauges_beyond(list(latest), scope)
    ids = _intern(
        {(GAUGE, service, names.OTHER if (service, name) in beyond else name) for service, name in latest}, scope
    )
    # Beyond the limit several gauges are one, of which the latest value stays.
    by_id = {
        ids[GAUGE, title[0], names.OTHER if title in beyond else title[1]]: pair
        for title, pair in sorted(latest.items(), key=lambda item: item[1][0])
    }
    keys = {"name_id": list(by_id), "shard": [scope.shard] * len(by_id)}
    stored = {row[0]: row[2] for row in bulk.fetch(scope.connection, GaugeValue, keys, [*keys, "at"])}
    newer = {name_id: pair for name_id, pair in by_id.items() if pair[0] >= stored.get(name_id, 0)}
    rows: dict[str, list[float]] = {
        "name_id": list(newer),
        "shard": [scope.shard] * len(newer),
        "at": [at for at, _ in newer.values()],
        "value": [number for _, number in newer.values()],
    }
    return [lambda: bulk.put(scope.connection, GaugeValue, rows)]

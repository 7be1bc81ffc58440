"""Windows of any length: minutes, hours and days add up to the same numbers."""

from __future__ import annotations

import itertools
import time

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from monitoring.performance import buckets
from monitoring.performance.models import DirtyPeriod, MinuteRollup
from monitoring.performance.rollup import roll_up
from monitoring.performance.stats import DAY, HOUR, MAX_MINUTES, segments, slowest_total, statistics_of
from monitoring.storage import bulk, names, partitions

NOW = int(time.time() // 60)


@given(st.integers(1, MAX_MINUTES), st.integers(500 * DAY, 40_000 * DAY))
def test_the_parts_of_a_window_follow_each_other_without_gap_or_overlap(minutes: int, now: int) -> None:
    parts = segments(minutes, now)
    assert parts[-1].end == now + 1
    assert all(before.end == after.first for before, after in itertools.pairwise(parts))
    assert parts[0].first <= now - minutes + 1
    assert parts[0].first > now - minutes - DAY


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("days", [1, 2, 29, 31, 60])
def test_every_window_counts_what_happened_in_it_and_nothing_else(days: int) -> None:
    ids, _ = names.intern(connection, {("request", "shop", "GET x/")}, 10)
    (name_id,) = ids.values()
    ages = [0, 5, 3 * HOUR, 26 * HOUR, 40 * HOUR, 20 * DAY, 45 * DAY, 100 * DAY]
    for age in ages:
        _put(name_id, NOW - age)
    while roll_up():
        pass
    MinuteRollup.objects.filter(start__lt=NOW - 2 * DAY).delete()
    expected = sum(age < days * DAY for age in ages)
    stats = slowest_total("request", minutes=days * DAY)["GET x/"]
    assert (stats["count"], stats["error_count"]) == (expected, expected)
    assert stats["total_duration"] == pytest.approx(0.25 * expected)
    assert stats["p95"] == pytest.approx(0.25, rel=0.01)
    assert statistics_of("request", "GET x/", days * DAY)["count"] == expected


def _put(name_id: int, start: int) -> None:
    partitions.ensure(connection, MinuteRollup, [start])
    row = {"name_id": name_id, "start": start, "shard": 0, "count": 1, "errors": 1, "total": 250_000_000}
    row |= {"minimum": 250_000_000, "maximum": 250_000_000}
    blob = buckets.pack({buckets.index(0.25): 1})
    bulk.put(connection, MinuteRollup, {key: [value] for key, value in row.items()} | {"buckets": [blob]})
    DirtyPeriod.objects.get_or_create(level=DirtyPeriod.HOUR, start=start // HOUR * HOUR)

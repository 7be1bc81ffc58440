"""What is old goes: rows of the log, counts by hour, groups that nobody saw for very long."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from monitoring.conf import Config
from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.groups.models import ErrorGroup, GroupHour
from monitoring.errors.log.models import ErrorLog
from monitoring.errors.retention import prune
from tests.errors.log.rows import count_hours, full, make_group, slim, store

pytestmark = pytest.mark.django_db

CONFIG = Config(sample_retention_days=14, hour_retention_days=30, day_retention_days=400)
DAY = 86_400


def test_errors_go_whether_they_are_kept_in_full_or_not() -> None:
    group = make_group()
    fresh = store(full(group, ago=13 * DAY), slim(group, ago=13 * DAY))
    store(full(group, ago=15 * DAY), slim(group, ago=15 * DAY), full(ago=15 * DAY))
    prune(CONFIG)
    assert set(ErrorLog.objects.all()) == set(fresh)
    assert ErrorGroup.objects.count() == 1


def test_counts_by_hour_stay_longer() -> None:
    hour = int(time.time() // 3600)
    for _ in range(3):
        count_hours(make_group(), [(hour - days * 24, 1) for days in (1, 29, 31, 300)])
    prune(CONFIG)
    assert sorted(GroupHour.objects.values_list("hour", flat=True)) == [hour - 29 * 24] * 3 + [hour - 24] * 3


def test_groups_go_that_nobody_needs() -> None:
    old = datetime.now(UTC) - timedelta(days=401)
    values = {"first_seen": old, "last_seen": old}
    forgotten, seen, wanted = make_group(**values), make_group(first_seen=old), make_group(**values, bug_state="wanted")
    filed = make_group(**values)
    KnownBug.objects.create(bug_id="B-001", group=filed, fingerprint="x", title="A bug")
    prune(CONFIG)
    assert set(ErrorGroup.objects.all()) == {seen, wanted, filed}
    assert not ErrorGroup.objects.filter(pk=forgotten.pk).exists()

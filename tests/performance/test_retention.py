"""Retention drops the finest first, and never what is still shown."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from monitoring.conf import get_config
from monitoring.errors.models import ErrorLog
from monitoring.intake.models import DeadLetter, Producer
from monitoring.metrics import MetricsCollector
from monitoring.metrics.models import Total
from monitoring.performance import PerformanceMonitor
from monitoring.performance.models import DayRollup, DirtyPeriod, HourRollup, MinuteRollup, SlowSample
from monitoring.storage import bulk, partitions
from tasks.retention import prune

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = int(time.time() // 60)


def put(model: type[MinuteRollup] | type[HourRollup] | type[DayRollup], minutes_ago: int) -> None:
    start = MINUTE - minutes_ago
    partitions.ensure(connection, model, [start])
    rows: dict[str, list[object]] = {"name_id": [1], "start": [start], "count": [1], "errors": [0], "total": [5]}
    rows |= {"minimum": [5], "maximum": [5], "buckets": [b""]}
    if model is MinuteRollup:
        rows["shard"] = [0]
    bulk.put(connection, model, rows)


def test_each_granularity_has_its_own_retention() -> None:
    config = get_config()
    kept = {MinuteRollup: 60, HourRollup: 24 * 60, DayRollup: 24 * 60 * 30}
    gone = {
        MinuteRollup: (config.minute_retention_hours + 25) * 60,
        HourRollup: (config.hour_retention_days + 61) * 24 * 60,
        DayRollup: (config.day_retention_days + 400) * 24 * 60,
    }
    for model, minutes in (*kept.items(), *gone.items()):
        put(model, minutes)
    prune()
    for model, minutes in kept.items():
        assert list(model.objects.values_list("start", flat=True)) == [MINUTE - minutes]


def test_what_was_just_recorded_survives(eager: None) -> None:
    PerformanceMonitor._record_duration("work", 0.5)
    MetricsCollector.increment_counter("uploads_total")
    prune()
    assert PerformanceMonitor.get_operation_stats("work")["count"] == 1
    assert MetricsCollector.get_metrics()["uploads_total"] == 1


def test_old_samples_errors_producers_and_letters_go_and_totals_stay() -> None:
    old, young = datetime.now(UTC) - timedelta(days=30), datetime.now(UTC)
    for when in (old, young):
        SlowSample.objects.create(at=when, kind="request", name="x", duration=6.0)
        ErrorLog.objects.create(created=when, error_type="ValueError")
        Producer.objects.create(producer=f"p{when.timestamp():.0f}", stream="0:facts", sequence=1, seen=when)
        DeadLetter.objects.create(created=when, stream="0:facts", fields=b"", error="x", reason="refused")
    DirtyPeriod.objects.create(level="hour", start=MINUTE - 60 * 24 * 30, version=2, done=2)
    DirtyPeriod.objects.create(level="hour", start=MINUTE - 60 * 24 * 31, version=2, done=1)
    Total.objects.create(name_id=1, source="0:measures", value=5)
    prune()
    for model in (SlowSample, ErrorLog, Producer, DeadLetter, Total):
        assert model.objects.count() == 1, model
    assert DirtyPeriod.objects.get().done == 1

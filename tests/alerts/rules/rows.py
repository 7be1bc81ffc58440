"""Rows of what was recorded, as rules find them, around one moment; no test here looks at a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from monitoring.alerts.rules import evaluation, validation
from monitoring.alerts.rules.models import AlertRule
from monitoring.alerts.rules.rule import Rule
from monitoring.alerts.rules.samples import Result, Sample
from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.tally.models import ErrorMinute
from monitoring.metrics.models import CounterMinute, GaugeValue
from monitoring.performance.buckets import index, pack
from monitoring.performance.models import HourRollup, MinuteRollup
from monitoring.storage import partitions
from monitoring.storage.names import Name

NOW = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)
MINUTE = int(NOW.timestamp() // 60)


def ago(**delta: float) -> datetime:
    return NOW - timedelta(**delta)


def rule(kind: str, params: dict[str, Any] | None = None, **values: Any) -> Rule:
    given = {"name": "a rule", "kind": kind, "params": params or {}, **values}
    return validation.rule_of(AlertRule(pk=1, **validation.complete(given)))


def found(kind: str, params: dict[str, Any] | None = None, at: datetime = NOW, **values: Any) -> list[Sample]:
    return result(kind, params, at, **values).samples


def result(
    kind: str, params: dict[str, Any] | None = None, at: datetime = NOW, since: datetime | None = None, **values: Any
) -> Result:
    return evaluation.read(rule(kind, params, **values), at, since=since)


def name_id(kind: str, name: str, service: str = "shop") -> int:
    return Name.objects.get_or_create(kind=kind, service=service, name=name)[0].pk


def durations(
    kind: str,
    name: str,
    count: int,
    errors: int = 0,
    *,
    minutes_ago: int = 1,
    seconds: float = 0.1,
    service: str = "shop",
) -> None:
    start = MINUTE - minutes_ago
    partitions.ensure(connection, MinuteRollup, [start])
    key = {"name_id": name_id(kind, name, service), "start": start, "shard": 0}
    MinuteRollup.objects.create(**key, **values(count, errors, seconds))


def hour(kind: str, name: str, count: int, errors: int = 0, *, hours_ago: int, service: str = "shop") -> None:
    start = (MINUTE // 60 - hours_ago) * 60
    partitions.ensure(connection, HourRollup, [start])
    HourRollup.objects.create(name_id=name_id(kind, name, service), start=start, **values(count, errors, 0.1))


def values(count: int, errors: int, seconds: float) -> dict[str, Any]:
    nanoseconds = int(seconds * 1e9)
    return {
        "count": count,
        "errors": errors,
        "total": nanoseconds * count,
        "minimum": nanoseconds,
        "maximum": nanoseconds,
        "buckets": pack({index(seconds): count}),
    }


def counter(name: str, value: float, *, minutes_ago: int = 1, service: str = "shop", shard: int = 0) -> None:
    start = MINUTE - minutes_ago
    partitions.ensure(connection, CounterMinute, [start])
    CounterMinute.objects.create(name_id=name_id("metric", name, service), start=start, shard=shard, value=value)


def gauge(name: str, value: float, *, at: datetime = NOW, service: str = "shop", shard: int = 0) -> None:
    milliseconds = int(at.timestamp() * 1000)
    GaugeValue.objects.create(name_id=name_id("gauge", name, service), shard=shard, at=milliseconds, value=value)


def group(**values: Any) -> ErrorGroup:
    defaults = {
        "service": "shop",
        "environment": "production",
        "name": "GET api/carts/",
        "title": "CartError in GET api/carts/",
        "error_type": "CartError",
        "exception_type": "shop.CartError",
        "category": "internal_error",
        "severity": "high",
        "first_seen": ago(minutes=5),
        "last_seen": NOW,
        "created": ago(minutes=5),
        "count": 1,
    }
    return ErrorGroup.objects.create(**defaults | values)


def errors(of: ErrorGroup, count: int, *, minutes_ago: int = 1, **values: Any) -> None:
    start = MINUTE - minutes_ago
    partitions.ensure(connection, ErrorMinute, [start])
    defaults = {"severity": of.severity, "name": of.name, "environment": of.environment, "release": "1.0"}
    ErrorMinute.objects.create(start=start, group_id=of.pk, count=count, **defaults | values)

"""The live view of metrics: counters of the last 24 hours, gauges of the last five minutes."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from django.db.models import Sum

from monitoring.storage.names import Name

from .models import CounterMinute, GaugeValue, Total

COUNTER_MINUTES = 24 * 60
GAUGE_SECONDS = 5 * 60


def snapshot() -> dict[str, Any]:
    """Return every live metric by name, added up over services and shards, and the time of the snapshot."""
    now = time.time()
    stamp = {"timestamp": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")}
    return stamp | _counters(int(now // 60)) | _gauges(int(now * 1000)) | stamp


def _counters(minute: int) -> dict[str, float | int]:
    rows = CounterMinute.objects.filter(start__gt=minute - COUNTER_MINUTES).order_by()
    grown = dict(rows.values_list("name_id").annotate(grown=Sum("value")))
    found: dict[str, float] = {}
    for pk, name in Name.objects.filter(pk__in=list(grown)).order_by("name").values_list("pk", "name"):
        found[name] = found.get(name, 0.0) + grown[pk]
    return {name: _plain(value) for name, value in found.items()}


def _gauges(now: int) -> dict[str, float | int]:
    rows = GaugeValue.objects.filter(at__gte=now - GAUGE_SECONDS * 1000).order_by("at")
    latest = dict(rows.values_list("name_id", "value"))
    titles = dict(Name.objects.filter(pk__in=list(latest)).values_list("pk", "name"))
    return {titles[pk]: _plain(value) for pk, value in latest.items() if pk in titles}


def totals(kind: str) -> dict[str, float | int]:
    """Return totals since ever of one kind of names, added up over services and streams."""
    rows = Total.objects.order_by().filter(name_id__in=Name.objects.filter(kind=kind).values("pk"))
    grown = dict(rows.values_list("name_id").annotate(grown=Sum("value")))
    found: dict[str, float] = {}
    for pk, name in Name.objects.filter(pk__in=list(grown)).order_by("name").values_list("pk", "name"):
        found[name] = found.get(name, 0.0) + grown[pk]
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: float) -> float | int:
    """Show whole numbers without a fraction."""
    return int(value) if value == int(value) else value

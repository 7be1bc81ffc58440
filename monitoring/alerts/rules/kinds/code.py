"""What a condition said yes to that a project has written as a function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.db.models import QuerySet

from monitoring.alerts.in_code.models import CodeAlert
from monitoring.alerts.rules import forms, patterns
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.rule import Params
from monitoring.alerts.rules.samples import Result, Sample

_MOST = 10_000
"""Alerts of a window that are looked at, the latest."""


def _name(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 100 or not value.isprintable():
        raise ValueError
    return value


_NAME = forms.Form("a name of 1 to 100 printable characters", _name)


@dataclass(frozen=True)
class Code(Params):
    """Which condition."""

    rule: str = param(_NAME, "The name under which the condition was registered.")
    window_seconds: int = param(forms.seconds(), "So long after its last alert an incident is over.", 600)


def read(params: Code, query: Query) -> Result:
    """Find what the condition alerted of in the window, by service, type of error and endpoint."""
    found: dict[tuple[str, str, str], Sample] = {}
    for one in _rows(params, query)[:_MOST]:
        key = (one.service, one.error_type, one.endpoint)
        before = found.get(key)
        if before is None:
            found[key] = Sample(_labels(one), 1.0, 1, one.message, _evidence(one), event=True, again=True)
        else:
            count = before.count + 1
            found[key] = replace(before, value=float(count), count=count)
    return Result(list(found.values()))


def _rows(params: Code, query: Query) -> QuerySet[CodeAlert]:
    """Return the alerts of a window, the latest first."""
    filters = query.filters
    condition = patterns.where("service", filters.service) & patterns.where("environment", filters.environment)
    condition &= patterns.where("release", filters.release) & patterns.where("endpoint", filters.route, patterns.METHOD)
    window = {"at__gte": query.events_from(params.window_seconds), "at__lte": query.now}
    return CodeAlert.objects.filter(condition, rule=params.rule, **window).order_by("-at", "-pk")


def _labels(one: CodeAlert) -> dict[str, str]:
    found = {
        "service": one.service,
        "environment": one.environment,
        "route": one.endpoint,
        "type": one.error_type,
    }
    return {name: value for name, value in found.items() if value}


def _evidence(one: CodeAlert) -> Mapping[str, object]:
    return {"message": one.message, "level": one.level, "error_event": one.event}


KIND = Kind(
    name="code",
    says="What a condition said yes to that was registered with `add_alert_rule`.",
    params=Code,
    read=read,
    summary="{message}",
    filters=frozenset({"service", "environment", "release", "route"}),
)

"""Groups of errors as samples: what kinds of rules about groups have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet, Sum

from monitoring.classification import ErrorSeverity
from monitoring.errors.groups.models import ErrorGroup, GroupStatus

from . import patterns
from .forms import Form, choices
from .kind import Query
from .samples import Sample

SEVERITIES: Form = choices(*(one.value for one in ErrorSeverity))
FILTERS = frozenset({"service", "environment", "release", "route"})
UNDECIDED = (GroupStatus.UNRESOLVED, GroupStatus.REGRESSED)
"""What nobody has decided about: only such groups are worth an alert."""
_COLUMNS = (
    "service",
    "environment",
    "name",
    "title",
    "error_type",
    "exception_type",
    "severity",
    "culprit",
    "count",
    "first_seen",
    "last_seen",
    "last_release",
    "created",
)
CHUNK = 5_000
"""Groups that one query asks for at most."""
_DESCRIBED_WITHIN = timedelta(seconds=30)


def where(query: Query, severities: Sequence[str], types: Sequence[str], release: str) -> Q:
    """Return the condition of groups that a rule looks at.

    Args:
        query: Whose filters narrow them.
        severities: One of which they have; all where there are none.
        types: Patterns of their type of error, with or without its module.
        release: The column that the release is looked up in.
    """
    filters = query.filters
    condition = Q(merged_into=None) & patterns.where("service", filters.service)
    condition &= patterns.where("environment", filters.environment) & patterns.where(release, filters.release)
    condition &= patterns.where("name", filters.route, patterns.METHOD)
    condition &= patterns.where("error_type", types) | patterns.where("exception_type", types)
    return condition & Q(severity__in=severities) if severities else condition


def samples(groups: QuerySet[ErrorGroup], query: Query) -> Iterator[Sample]:
    """Yield groups as events.

    One of which only repetitions have arrived so far is left for later, as labels do not change: the error in full
    is on its way, or else it was lost.
    """
    found = list(groups.only(*_COLUMNS).order_by("pk"))
    merged = of_members([group.pk for group in found])
    for group in found:
        settled = group.created is None or group.created <= query.now - _DESCRIBED_WITHIN
        if group.error_type or settled:
            count = group.count + merged.get(group.pk, 0)
            yield Sample(labels(group), float(count), count, evidence=evidence(group, count), event=True)


def of_members(ids: Sequence[int]) -> dict[int, int]:
    """Return how many errors were counted with groups that are merged into some groups."""
    found: dict[int, int] = {}
    for begin in range(0, len(ids), CHUNK):
        rows = ErrorGroup.objects.filter(merged_into__in=ids[begin : begin + CHUNK]).order_by()
        found |= dict(rows.values_list("merged_into_id").annotate(Sum("count")))
    return found


def labels(group: ErrorGroup) -> dict[str, str]:
    """Return what tells a group from others, and by what silences and people name it."""
    found = {
        "group": str(group.pk),
        "service": group.service,
        "environment": group.environment,
        "route": group.name,
        "type": group.error_type,
    }
    return {name: value for name, value in found.items() if value}


def evidence(group: ErrorGroup, count: int) -> dict[str, Any]:
    """Return what else is known of a group.

    Args:
        group: The group.
        count: Its errors since ever, with those of what is merged into it.
    """
    return {
        "group_id": group.pk,
        "title": group.title or group.error_type or group.name,
        "culprit": group.culprit,
        "error_severity": group.severity,
        "occurrences": count,
        "first_seen": group.first_seen.isoformat(),
        "last_seen": group.last_seen.isoformat(),
        "release": group.last_release,
    }

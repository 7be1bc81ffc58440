"""Groups of errors as samples: what kinds of rules about groups have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet

from monitoring.errors.classification import ErrorSeverity
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
    for group in groups.only(*_COLUMNS).order_by("pk"):
        settled = group.created is None or group.created <= query.now - _DESCRIBED_WITHIN
        if group.error_type or settled:
            yield Sample(labels(group), float(group.count), group.count, evidence=evidence(group), event=True)


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


def evidence(group: ErrorGroup) -> dict[str, Any]:
    """Return what else is known of a group."""
    return {
        "group_id": group.pk,
        "title": group.title or group.error_type or group.name,
        "culprit": group.culprit,
        "error_severity": group.severity,
        "occurrences": group.count,
        "first_seen": group.first_seen.isoformat(),
        "last_seen": group.last_seen.isoformat(),
        "release": group.last_release,
    }

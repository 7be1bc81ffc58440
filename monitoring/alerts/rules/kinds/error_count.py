"""So many errors within a window."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from monitoring.alerts.rules import forms, groups, patterns
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.rule import Params
from monitoring.alerts.rules.samples import Result, Sample
from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.tally import minutes
from monitoring.errors.tally.minutes import Tally

_CHUNK = 5_000
_MINUTE = 60
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ErrorCount(Params):
    """Which errors, and how many of them."""

    threshold: float = param(forms.number(above=0), "So many errors are worth an alert.")
    unit: str = param(forms.choice("count", "per_minute"), "Whether the threshold is a count or a rate.", "count")
    window_seconds: int = param(forms.seconds(), "Within so long.", 600)
    severities: tuple[str, ...] = param(groups.SEVERITIES, "Severities of the errors; all unless given.", ())
    types: tuple[str, ...] = param(
        forms.patterns(), "Types of the errors, such as `ValueError`, or categories such as `database_error`.", ()
    )
    group_by: str = param(
        forms.choice("group", "type", "route", "service", "all"), "What errors are counted together by.", "group"
    )


def read(params: ErrorCount, query: Query) -> Result:
    """Find what occurred as often as the threshold; what people have decided about does not count."""
    first, end = query.minutes(params.window_seconds)
    tallies = query.once(("tallies", first, end), lambda: minutes.read(first, end))
    decided = query.once(("decided", first), lambda: _decided(first, query)) if tallies else set()
    counted: dict[Labels, Counter[int]] = defaultdict(Counter)
    for tally in tallies:
        if tally.group_id not in decided and _fits(tally, params, query):
            counted[_labels(tally, params.group_by)][tally.group_id] += tally.count
    divisor = query.covered(params.window_seconds) / _MINUTE if params.unit == "per_minute" else 1.0
    found = {
        key: by_group
        for key, by_group in counted.items()
        if by_group.total() >= max(query.min_count, 1) and by_group.total() / divisor >= params.threshold
    }
    by_group = params.group_by == "group"
    described = _described({pk for one in found.values() for pk, _ in one.most_common(1)})
    samples = [_sample(key, found[key], divisor, described, by_group) for key in sorted(found)]
    return Result([sample for sample in samples if sample is not None])


def _decided(first: int, query: Query) -> set[int]:
    """Return the groups seen in the window about which somebody has decided."""
    since = query.now - timedelta(seconds=query.now.timestamp() - first * _MINUTE)
    rows = ErrorGroup.objects.filter(last_seen__gte=since).exclude(status__in=groups.UNDECIDED)
    return set(rows.values_list("pk", flat=True))


def _fits(tally: Tally, params: ErrorCount, query: Query) -> bool:
    filters = query.filters
    return (
        (not params.severities or tally.severity in params.severities)
        and patterns.matches(filters.service, tally.service)
        and patterns.matches(filters.environment, tally.environment)
        and patterns.matches(filters.release, tally.release)
        and patterns.matches(filters.route, tally.name, patterns.METHOD)
        and (patterns.matches(params.types, tally.error_type) or patterns.matches(params.types, tally.category))
    )


def _labels(tally: Tally, group_by: str) -> Labels:
    labels = {
        "group": {"group": str(tally.group_id)},
        "type": {"type": tally.error_type, "service": tally.service},
        "route": {"route": tally.name, "service": tally.service},
        "service": {"service": tally.service},
        "all": {},
    }[group_by]
    return tuple(labels.items())


def _described(ids: Iterable[int]) -> dict[int, ErrorGroup]:
    ordered, found = sorted(ids), dict[int, ErrorGroup]()
    for begin in range(0, len(ordered), _CHUNK):
        found |= ErrorGroup.objects.defer("users_sketch").in_bulk(ordered[begin : begin + _CHUNK])
    return found


def _sample(
    key: Labels, counted: Counter[int], divisor: float, described: Mapping[int, ErrorGroup], by_group: bool
) -> Sample | None:
    """Return a sample; None of a group that was merged or given up meanwhile."""
    total = counted.total()
    group = described.get(counted.most_common(1)[0][0])
    about = {"counted": total, **({} if group is None else groups.evidence(group))}
    if not by_group:
        return Sample(dict(key), total / divisor, total, evidence={**about, "groups": len(counted)})
    if group is None or group.merged_into_id is not None:
        return None
    return Sample(groups.labels(group), total / divisor, group.count, evidence=about)


KIND = Kind(
    name="error_count",
    says="So many errors within a window: of one group, type, route or service, or in all.",
    params=ErrorCount,
    read=read,
    summary="{counted} errors within {window}: {title}",
    filters=groups.FILTERS,
    min_count=1,
)

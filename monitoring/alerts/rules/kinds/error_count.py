"""So many errors within a window."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitoring.alerts.rules import forms, groups, patterns
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.rule import Params
from monitoring.alerts.rules.samples import Result, Sample
from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.tally import minutes
from monitoring.errors.tally.minutes import Tally

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
    decided = query.once(("decided", first, end), lambda: _decided({tally.group_id for tally in tallies}))
    counted: dict[Labels, Counter[int]] = defaultdict(Counter)
    for tally in tallies:
        if tally.group_id not in decided and _fits(tally, params, query):
            counted[_labels(tally, params.group_by)][tally.group_id] += tally.count
    divisor = query.covered(params.window_seconds) / _MINUTE if params.unit == "per_minute" else 1.0
    found = {
        key: one
        for key, one in counted.items()
        if one.total() >= max(query.min_count, 1) and one.total() / divisor >= params.threshold
    }
    described = _described({pk for one in found.values() for pk, _ in one.most_common(1)})
    merged = groups.of_members(sorted(described)) if params.group_by == "group" else None
    samples = [_sample(key, found[key], divisor, described, merged) for key in sorted(found)]
    return Result([sample for sample in samples if sample is not None])


def _decided(ids: set[int]) -> set[int]:
    """Return the groups about which somebody has decided."""
    ordered, found = sorted(ids), set[int]()
    for begin in range(0, len(ordered), groups.CHUNK):
        rows = ErrorGroup.objects.filter(pk__in=ordered[begin : begin + groups.CHUNK])
        found |= set(rows.exclude(status__in=groups.UNDECIDED).values_list("pk", flat=True))
    return found


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
    for begin in range(0, len(ordered), groups.CHUNK):
        found |= ErrorGroup.objects.defer("users_sketch").in_bulk(ordered[begin : begin + groups.CHUNK])
    return found


def _sample(
    key: Labels,
    counted: Counter[int],
    divisor: float,
    described: Mapping[int, ErrorGroup],
    merged: Mapping[int, int] | None,
) -> Sample | None:
    """Return a sample; None of a group that was merged or given up meanwhile.

    Args:
        key: Its labels.
        counted: Errors in the window, by group.
        divisor: What makes of a count the figure that is judged.
        described: The group of each sample with the most of its errors.
        merged: Errors since ever of what is merged into groups; None where errors are not counted by group.
    """
    total = counted.total()
    group = described.get(counted.most_common(1)[0][0])
    since_ever = 0 if group is None else group.count + (merged or {}).get(group.pk, 0)
    told = f"{total} error{'s' * (total != 1)}"
    about = {"errors": told, "counted": total, **({} if group is None else groups.evidence(group, since_ever))}
    if merged is None:
        return Sample(dict(key), total / divisor, total, evidence={**about, "groups": len(counted)})
    if group is None or group.merged_into_id is not None:
        return None
    return Sample(groups.labels(group), total / divisor, since_ever, evidence=about)


KIND = Kind(
    name="error_count",
    says="So many errors within a window: of one group, type, route or service, or in all.",
    params=ErrorCount,
    read=read,
    summary="{errors} within {window}: {title}",
    filters=groups.FILTERS,
    min_count=1,
)

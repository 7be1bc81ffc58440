"""Reading what `verdicts` needs to know, for many groups at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Case, Count, DateTimeField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from monitoring.errors.log.models import ErrorLog

from .models import ErrorGroup, GroupHour, GroupStatus, Release
from .verdicts import Evidence

_HOUR = 3600


def gather(groups: Mapping[int, ErrorGroup], seen: Mapping[int, Evidence], alias: str) -> dict[int, Evidence]:
    """Return what is known of groups, as far as their status depends on it.

    Args:
        groups: Groups that something is decided about, by id.
        seen: What was seen of their new occurrences.
        alias: The database.
    """
    found = {pk: seen[pk] for pk in groups}
    first_seen = _first_seen(
        [group for group in groups.values() if group.status == GroupStatus.RESOLVED_IN_RELEASE], seen, alias
    )
    for pk, group in groups.items():
        if group.service in first_seen:
            found[pk] = replace(found[pk], first_seen=first_seen[group.service])
    ignored = {pk: group for pk, group in groups.items() if group.status == GroupStatus.IGNORED}
    counted = {pk for pk, group in ignored.items() if group.ignored_count is not None}
    rated = {pk: group for pk, group in ignored.items() if group.ignored_rate is not None}
    if not counted and not rated:
        return found
    families, counts = _families(counted | rated.keys(), alias)
    recent = _recent(rated, families, seen, alias)
    return {pk: replace(one, count=counts[pk], recent=recent[pk]) for pk, one in found.items()}


def _first_seen(
    groups: Collection[ErrorGroup], seen: Mapping[int, Evidence], alias: str
) -> dict[str, dict[str, datetime]]:
    """Return when releases were first seen, by service, of those that these groups were seen or resolved in."""
    if not groups:
        return {}
    releases = {group.resolved_release for group in groups}.union(*(seen[group.pk].releases for group in groups))
    rows = Release.objects.using(alias).filter(
        service__in={group.service for group in groups}, release__in=releases - {""}
    )
    found: dict[str, dict[str, datetime]] = {}
    for service, release, first in rows.values_list("service", "release", "first_seen"):
        found.setdefault(service, {})[release] = first
    return found


def _families(roots: Collection[int], alias: str) -> tuple[dict[int, int], Counter[int]]:
    """Return the root of each group that one of these roots adds up, and what they add up to."""
    rows = ErrorGroup.objects.using(alias).filter(Q(pk__in=roots) | Q(merged_into__in=roots))
    root_of, counts = {}, Counter[int]()
    for pk, root, count in rows.values_list("pk", "merged_into", "count"):
        root_of[pk] = root or pk
        counts[root or pk] += count
    return root_of, counts


def _recent(
    rated: Mapping[int, ErrorGroup], root_of: Mapping[int, int], seen: Mapping[int, Evidence], alias: str
) -> Counter[int]:
    """Return how often groups occurred within the time of their rate, where it may be often enough.

    Hours tell that cheaply for most; the log tells it exactly. As each occurrence is looked at when it is counted,
    the log has little more to count than the rate.
    """
    since = {pk: _since(group, seen[pk].last_at) for pk, group in rated.items()}
    homes = {home: root for home, root in root_of.items() if root in rated}
    if not homes:
        return Counter()
    hours = GroupHour.objects.using(alias).filter(group__in=homes, hour__gte=_hour(min(since.values())))
    upper = Counter[int]()
    for home, hour, count in hours.values_list("group_id", "hour", "count"):
        if hour >= _hour(since[homes[home]]):
            upper[homes[home]] += count
    near = {home: root for home, root in homes.items() if upper[root] >= (rated[root].ignored_rate or 0)}
    if not near:
        return Counter()
    begins = _moments({home: since[root] for home, root in near.items()})
    ends = _moments({home: seen[root].last_at for home, root in near.items()})
    within = {"created__gt": OuterRef("begins"), "created__lte": OuterRef("ends")}
    of_home = ErrorLog.objects.filter(group_id=OuterRef("pk"), **within).order_by()
    counted = Coalesce(Subquery(of_home.values("group_id").annotate(n=Count("pk")).values("n")), 0)
    rows = ErrorGroup.objects.using(alias).filter(pk__in=near).annotate(begins=begins, ends=ends)
    recent = Counter[int]()
    for home, count in rows.annotate(recent=counted).values_list("pk", "recent"):
        recent[near[home]] += count
    return recent


def _moments(by_group: Mapping[int, datetime]) -> Case:
    """Return the time that is said for each group, as an expression."""
    cases = (When(pk=pk, then=Value(moment, DateTimeField())) for pk, moment in by_group.items())
    return Case(*cases, output_field=DateTimeField())


def _since(group: ErrorGroup, last_at: datetime) -> datetime:
    """Return from when on occurrences count for a group's rate."""
    begins = last_at - timedelta(minutes=group.ignored_rate_minutes or 1)
    return begins if group.status_at is None else max(begins, group.status_at)


def _hour(moment: datetime) -> int:
    return int(moment.timestamp()) // _HOUR

"""All that is known of one group, with what is merged into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Min, Sum

from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.log.models import ErrorLog

from . import totals
from .locking import UnknownGroupError
from .models import ErrorGroup, GroupEntry, GroupFingerprint, GroupHour, GroupRelease
from .totals import Totals

HOURS, DAYS = 24, 14
MAX_RELEASES, MAX_ENTRIES, MAX_FINGERPRINTS = 100, 200, 200
_SECONDS, _HOURS_A_DAY = 3600, 24


@dataclass(frozen=True)
class Series:
    """Occurrences in spans of time that follow each other without a gap.

    Attributes:
        start: When the first span begins.
        seconds: How long each is.
        counts: How many occurred in each, the last being the one that goes on.
    """

    start: datetime
    seconds: int
    counts: list[int]


@dataclass(frozen=True)
class Known:
    """All that is known of a group.

    Attributes:
        bugs: Ids of the known bugs, by group.
        releases: The latest releases in which it occurred, by their first occurrence.
        history: The latest entries, of members as well.
        first_error: The first error of which more is kept than that it occurred.
        latest_error: The latest one.
    """

    group: ErrorGroup
    totals: Totals
    bugs: dict[int, str]
    fingerprints: list[str]
    hours: Series
    days: Series
    releases: list[dict[str, Any]]
    history: list[GroupEntry]
    first_error: UUID | None
    latest_error: UUID | None


def known(group_id: int, alias: str, now: datetime | None = None) -> Known:
    """Read all that is known of a group, in a number of queries that does not depend on what it is.

    Args:
        group_id: Any group; one that is merged into another has what was counted of it alone.
        alias: The database.
        now: The current time, for tests.

    Raises:
        UnknownGroupError: There is no such group.
    """
    rows = ErrorGroup.objects.using(alias).select_related("assignee").defer("users_sketch")
    group = rows.filter(pk=group_id).first()
    if group is None:
        raise UnknownGroupError(f"There is no group {group_id}.")
    sums = totals.of([group.pk], alias)[group.pk]
    family = [group.pk, *(member.pk for member in sums.members)]
    hours = _hours(family, now or datetime.now(UTC), alias)
    kept = ErrorLog.objects.using(alias).filter(group__in=family).exclude(kept="")
    fingerprints = GroupFingerprint.objects.using(alias).filter(group__in=family).order_by("pk")
    return Known(
        group,
        sums,
        bugs([group.pk], sums.members, alias),
        list(fingerprints.values_list("fingerprint", flat=True)[:MAX_FINGERPRINTS]),
        Series(hours.start + (DAYS - 1) * timedelta(days=1), _SECONDS, hours.counts[-HOURS:]),
        Series(hours.start, _HOURS_A_DAY * _SECONDS, _by_day(hours.counts)),
        _releases(family, alias),
        list(GroupEntry.objects.using(alias).filter(group__in=family)[:MAX_ENTRIES]),
        kept.order_by("created", "id").values_list("error_id", flat=True).first(),
        kept.order_by("-created", "-id").values_list("error_id", flat=True).first(),
    )


def bugs(group_ids: Sequence[int], members: Sequence[ErrorGroup], alias: str) -> dict[int, str]:
    """Return the ids of the bugs of groups and of their members; a root without one has that of its first member.

    Args:
        group_ids: The groups.
        members: What is merged into them.
        alias: The database.
    """
    wanted = [*group_ids, *(member.pk for member in members)]
    rows = KnownBug.objects.using(alias).filter(group__in=wanted).order_by("-number")
    found = {group or 0: bug for group, bug in rows.values_list("group_id", "bug_id")}
    inherited = {member.merged_into_id or 0: found[member.pk] for member in reversed(members) if member.pk in found}
    return inherited | found


def _hours(family: Sequence[int], now: datetime, alias: str) -> Series:
    """Return what occurred in each hour of the last days."""
    number = DAYS * _HOURS_A_DAY
    first = int(now.timestamp()) // _SECONDS - number + 1
    rows = GroupHour.objects.using(alias).filter(group__in=family, hour__gte=first, hour__lt=first + number)
    counts = Counter[int]()
    for hour, count in rows.values_list("hour", "count"):
        counts[hour - first] += count
    start = datetime.fromtimestamp(first * _SECONDS, UTC)
    return Series(start, _SECONDS, [counts[place] for place in range(number)])


def _by_day(counts: Sequence[int]) -> list[int]:
    return [sum(counts[first : first + _HOURS_A_DAY]) for first in range(0, len(counts), _HOURS_A_DAY)]


def _releases(family: Sequence[int], alias: str) -> list[dict[str, Any]]:
    rows = GroupRelease.objects.using(alias).filter(group__in=family).exclude(release="")
    summed = rows.values("release").annotate(occurrences=Sum("count"), first=Min("first_seen"))
    latest = summed.order_by("-first", "-release")[:MAX_RELEASES]
    return [{"release": row["release"], "count": row["occurrences"], "first_seen": row["first"]} for row in latest][
        ::-1
    ]

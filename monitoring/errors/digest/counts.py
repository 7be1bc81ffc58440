"""Count the errors of a drain by group, hour, release and user; every one, whether it is kept or not."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from monitoring.error_tracking import get_error_tracking
from monitoring.errors.bugs import counting, wanting
from monitoring.errors.groups import users
from monitoring.errors.groups.models import ErrorGroup, GroupHour, GroupRelease, GroupStatus, Release
from monitoring.errors.groups.transitions import Touched, settle
from monitoring.storage import bulk
from monitoring.storage.folding import Scope

from . import grouping, judging, keeping, tallying
from .sightings import Sighting

_HOUR_MILLISECONDS = 3_600_000
_BATCH = 500
_RESOLVED = (GroupStatus.RESOLVED, GroupStatus.RESOLVED_IN_RELEASE)
BUGS = "bugs"
"""What a drain says is due when groups want a bug."""
ALERTS = "alerts"
"""What it says when errors were counted: rules may find something."""


@dataclass
class Counted:
    """Errors of one group in one drain, in the order in which they occurred."""

    group: ErrorGroup
    sightings: list[Sighting]

    @property
    def last_at(self) -> int:
        """When the last of them was, in milliseconds since the epoch."""
        return self.sightings[-1].at


def count(sightings: Sequence[Sighting], new: set[int], scope: Scope) -> list[Counted]:
    """Count errors whose groups are known, and decide which keep their payload.

    The rows of the groups are locked in the order of their ids before anything is counted.

    Returns:
        What was counted, for `finish`.
    """
    by_group: dict[int, list[Sighting]] = defaultdict(list)
    for one in sorted(sightings, key=lambda one: one.at):
        by_group[one.group_id].append(one)
    counted = [Counted(group, by_group[group.pk]) for group in _locked(sorted(by_group), scope)]
    releases = _releases(counted, scope)
    for found in counted:
        _judge(found, releases[found.group.pk], new)
    _write_groups(counted, scope)
    _write_hours(counted, scope)
    _write_releases(counted, scope)
    users.add(scope, {one.group.pk: {sighting.user for sighting in one.sightings} for one in counted})
    return counted


def _locked(keys: list[int], scope: Scope) -> Iterable[ErrorGroup]:
    """Return groups in the order of their ids, locked; as one parameter, which costs less than one for each."""
    postgresql = scope.connection.vendor == "postgresql"
    ids = "SELECT unnest(%s::bigint[])" if postgresql else "SELECT value FROM json_each(%s)"
    lock = "FOR UPDATE" if postgresql else ""
    statement = f"SELECT * FROM {ErrorGroup._meta.db_table} WHERE id IN ({ids}) ORDER BY id {lock}"  # noqa: S608
    return ErrorGroup.objects.using(scope.connection.alias).raw(statement, [keys if postgresql else json.dumps(keys)])


def finish(counted: Sequence[Counted], new: set[int], scope: Scope) -> None:
    """Let what people decided about groups follow from what was counted; called when the log is written."""
    touched = [
        Touched(
            one.group.pk, one.group.pk in new, one.last_at, frozenset(sighting.release for sighting in one.sightings)
        )
        for one in counted
    ]
    settle(touched, scope)
    tallying.add({one.group: one.sightings for one in counted}, new, scope)
    old = {one.group.pk: (len(one.sightings), one.last_at) for one in counted if one.group.pk not in new}
    if old:
        counting.add(scope, old)
    if counted:
        scope.due.add(ALERTS)
    if any(one.group.bug_state == wanting.WANTED for one in counted):
        scope.due.add(BUGS)


def _judge(one: Counted, releases: set[str], new: set[int]) -> None:
    """Decide which errors of a group are kept."""
    group = one.group
    last = 0 if group.pk in new else round(group.last_seen.timestamp() * 1000)
    returned = group.status in _RESOLVED and group.pk not in new
    memory = keeping.Memory(group.count, last, releases, returned)
    for sighting in one.sightings:
        reason = keeping.judge(memory, sighting.at, sighting.release)
        if sighting.values is not None:
            sighting.kept = reason


def _releases(counted: Sequence[Counted], scope: Scope) -> dict[int, set[str]]:
    """Return in which of the releases of this drain each group was seen before."""
    pairs = sorted({(one.group.pk, sighting.release) for one in counted for sighting in one.sightings})
    keys: bulk.Columns = {"group_id": [group for group, _ in pairs], "release": [release for _, release in pairs]}
    found: dict[int, set[str]] = defaultdict(set)
    for group, release in bulk.fetch(scope.connection, GroupRelease, keys, ["group_id", "release"]):
        found[group].add(release)
    return found


def _write_groups(counted: Sequence[Counted], scope: Scope) -> None:
    """Write the sums of groups, and describe those of which only keys were known so far."""
    tracking = get_error_tracking()
    adapt = scope.connection.ops.adapt_datetimefield_value
    columns: dict[str, list[Any]] = defaultdict(list)
    undescribed = []
    for one in counted:
        group = one.group
        group.count += len(one.sightings)
        group.first_seen = min(group.first_seen, _time(one.sightings[0].at))
        group.last_seen = max(group.last_seen, _time(one.last_at))
        group.last_release = one.sightings[-1].release or group.last_release
        if tracking.auto_create_bugs:
            often = group.count >= tracking.bug_threshold and group.merged_into_id is None
            group.bug_state = wanting.state(group.bug_state, may=partial(_may_have_bug, one), counted=often)
        full = next((sighting for sighting in one.sightings if sighting.values is not None), None)
        if full is not None and not group.title:
            for name, value in grouping.described(full).items():
                setattr(group, name, value)
            undescribed.append(group)
        for name in ("id", "count", "last_release", "bug_state"):
            columns[name].append(getattr(group, name))
        for name in ("first_seen", "last_seen"):
            columns[name].append(adapt(getattr(group, name)))
    bulk.overwrite(scope.connection, ErrorGroup, columns)
    if undescribed:
        titles = [
            "kind",
            "title",
            "error_type",
            "exception_type",
            "category",
            "severity",
            "status_code",
            "name",
            "culprit",
        ]
        ErrorGroup.objects.using(scope.connection.alias).bulk_update(undescribed, titles, batch_size=_BATCH)


def _may_have_bug(one: Counted) -> bool:
    """Whether one of these errors is such that its group may want a bug."""
    entries = wanting.configured()
    return any(
        wanting.may_have_bug(values, sighting.service, sighting.status, partial(_severity, sighting), entries)
        for sighting in one.sightings
        if (values := sighting.values) is not None
    )


def _severity(one: Sighting) -> str:
    return judging.severity(one, judging.classification(one))


def _write_hours(counted: Sequence[Counted], scope: Scope) -> None:
    hours: Counter[tuple[int, int]] = Counter()
    for one in counted:
        hours.update((one.group.pk, sighting.at // _HOUR_MILLISECONDS) for sighting in one.sightings)
    keys = sorted(hours)
    rows = {
        "group_id": [group for group, _ in keys],
        "hour": [hour for _, hour in keys],
        "count": [hours[key] for key in keys],
    }
    bulk.add(scope.connection, GroupHour, rows, added=["count"])


def _write_releases(counted: Sequence[Counted], scope: Scope) -> None:
    seen: dict[tuple[int, str], list[int]] = defaultdict(list)
    first: dict[tuple[str, str], int] = {}
    for one in counted:
        for sighting in one.sightings:
            seen[one.group.pk, sighting.release].append(sighting.at)
            key = (sighting.service, sighting.release)
            first[key] = min(first.get(key, sighting.at), sighting.at)
    _add_releases(seen, scope)
    rows = [
        Release(service=service, release=release, first_seen=_time(first[service, release]))
        for service, release in sorted(first)
    ]
    Release.objects.using(scope.connection.alias).bulk_create(rows, ignore_conflicts=True, batch_size=_BATCH)


def _add_releases(seen: Mapping[tuple[int, str], Sequence[int]], scope: Scope) -> None:
    adapt = scope.connection.ops.adapt_datetimefield_value
    keys = sorted(seen)
    rows: bulk.Columns = {
        "group_id": [group for group, _ in keys],
        "release": [release for _, release in keys],
        "count": [len(seen[key]) for key in keys],
        "first_seen": [adapt(_time(min(seen[key]))) for key in keys],
    }
    bulk.add(scope.connection, GroupRelease, rows, added=["count"], least=["first_seen"])


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)

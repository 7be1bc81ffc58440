"""The errors of a group, and those of other groups that they are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Sum

from monitoring.errors.groups.models import GroupHour
from monitoring.errors.log.models import ErrorLog

from .features import network_of, of_context, session_of
from .judging import SESSION, Features
from .spread import evenly

MOST = 600
"""So many rows are read of each side."""
_OTHER_GROUPS, _EACH = 20, 30
_MOST_MEMBERS = 50
_HOUR = 3600
_COLUMNS = (
    "error_id", "created", "release", "environment", "user_key", "ip_address", "context", "name", "task_id", "trace_id",
)  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """An error, as far as it is compared."""

    error_id: UUID
    created: datetime
    features: Features
    name: str
    task_id: str
    trace_id: str


def of_groups(family: Sequence[int], since: datetime, until: datetime, alias: str) -> list[Seen]:
    """Return errors of groups, evenly over a time, one of each trace.

    Args:
        family: A group and its members.
        since: After then.
        until: Up to then.
        alias: The database.
    """

    def read(begin: datetime, end: datetime, most: int) -> list[Any]:
        rows = ErrorLog.objects.using(alias).filter(
            group__in=family[:_MOST_MEMBERS], created__gt=begin, created__lte=end
        )
        return list(rows.order_by("-created").values_list(*_COLUMNS)[:most])

    return _once([_seen(row) for row in evenly(read, since, until, MOST)])


def of_others(family: Sequence[int], service: str, since: datetime, until: datetime, alias: str) -> list[Seen]:
    """Return errors of the other groups of a service that occurred most often in a time, as many of each.

    Args:
        family: Whose errors are not wanted.
        service: Of which service.
        since: After then.
        until: Up to then.
        alias: The database.
    """
    hours = GroupHour.objects.using(alias).filter(
        hour__gte=int(since.timestamp()) // _HOUR, hour__lte=int(until.timestamp()) // _HOUR, group__service=service
    )
    counted = hours.exclude(group__in=family).values("group").annotate(sum=Sum("count")).order_by("-sum", "group")
    rows: list[Any] = []
    for group in [row["group"] for row in counted[:_OTHER_GROUPS]]:
        mine = ErrorLog.objects.using(alias).filter(group=group, created__gt=since, created__lte=until)
        rows += mine.order_by("-created").values_list(*_COLUMNS)[:_EACH]
    return _once([_seen(row) for row in rows])


def _seen(row: Any) -> Seen:
    error_id, created, release, environment, user, address, context, name, task_id, trace_id = row
    worker = context.get("worker", "") if isinstance(context, dict) else ""
    features = {
        **of_context(context),
        "release": release,
        "environment": environment,
        "user": user,
        "client network": network_of(address),
        "worker": str(worker)[:200],
        SESSION: session_of(created, user, address),
    }
    return Seen(error_id, created, features, name, task_id, trace_id)


def _once(seen: Sequence[Seen]) -> list[Seen]:
    """Leave one of each trace: what a request failed with several times is one thing that happened."""
    found: dict[str, Seen] = {}
    for one in seen:
        found.setdefault(one.trace_id or one.task_id or str(one.error_id), one)
    return list(found.values())


def window(last: datetime, hours: int) -> tuple[datetime, datetime]:
    """Return the hours up to the last error, and that one with them."""
    until = last + timedelta(seconds=1)
    return until - timedelta(hours=hours), until

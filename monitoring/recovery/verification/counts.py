"""What was recorded of a group's errors and of the traffic at the place where they occur."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import router
from django.db.models import Count, Min, Q, QuerySet, Sum

from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.log.models import ErrorLog
from monitoring.performance.models import DurationTotal, MinuteRollup
from monitoring.storage.names import Name

_KINDS = ("request", "task", "operation")
"""What a name can be, the likeliest first; waits in a queue are no traffic of their own."""


def write_alias() -> str:
    """Return the database that is read: what was written a moment ago counts."""
    return router.db_for_write(ErrorLog)


@dataclass(frozen=True)
class Errors:
    """Errors of a group at one place, within some time."""

    count: int
    first: datetime | None


@dataclass(frozen=True)
class Traffic:
    """Requests or executions, and how many of them failed, whyever."""

    count: int
    failed: int


@dataclass(frozen=True)
class Place:
    """Whose traffic is counted.

    Attributes:
        name: Method and route, or a task; empty where all traffic of the service is counted.
        name_ids: Numbers of what is counted.
    """

    name: str
    name_ids: QuerySet[Name]


def place_of(service: str, name: str, alias: str, *, own: bool = False) -> Place:
    """Return where the traffic of a name is counted: of what has none of its own, such as a logger, in the service.

    Args:
        service: The service.
        name: Method and route, a task, or a logger.
        alias: The database.
        own: Whether it has traffic of its own, though none of it may have been counted yet.
    """
    names = Name.objects.using(alias).filter(service=service)
    kinds = set(names.filter(name=name, kind__in=_KINDS).values_list("kind", flat=True))
    kind = next((one for one in _KINDS if one in kinds), None)
    if kind is None:
        return Place(name, names.none()) if own else Place("", names.filter(kind__in=_KINDS[:2]))
    return Place(name, names.filter(name=name, kind=kind))


def errors_of(group_id: int, name: str, begin: datetime, end: datetime, alias: str) -> Errors:
    """Count the errors of a group, with what is merged into it, at one place, by the time of the errors themselves.

    Args:
        group_id: The group, or one that is merged into another.
        name: The place.
        begin: From then on.
        end: Before then.
        alias: The database.
    """
    groups = ErrorGroup.objects.using(alias)
    root = groups.filter(pk=group_id).values_list("merged_into", flat=True).first() or group_id
    family = list(groups.filter(Q(pk=root) | Q(merged_into=root)).values_list("pk", flat=True))
    rows = ErrorLog.objects.using(alias).filter(group__in=family, name=name, created__gte=begin, created__lt=end)
    found = rows.order_by().aggregate(count=Count("pk"), first=Min("created"))
    return Errors(found["count"], found["first"])


def others_since(group_id: int, service: str, name: str, begin: datetime, end: datetime, alias: str) -> int:
    """Count errors at one place that are of groups which were not known before: the same under another name, maybe.

    Args:
        group_id: The group that they are not of.
        service: The service.
        name: The place.
        begin: From then on the groups, and their errors, began.
        end: Errors before then count.
        alias: The database.
    """
    rows = ErrorLog.objects.using(alias).filter(service=service, name=name, created__gte=begin, created__lt=end)
    return rows.filter(group__first_seen__gte=begin).exclude(group=group_id).count()


def ever(place: Place, alias: str) -> Traffic:
    """Return the traffic at a place since ever; it never falls, so that differences are what came between."""
    rows = DurationTotal.objects.using(alias).filter(name_id__in=place.name_ids.values("pk")).order_by()
    return _traffic(rows.aggregate(count=Sum("count"), failed=Sum("errors")))


def within(place: Place, first: int, last: int, alias: str) -> Traffic:
    """Return the traffic at a place within whole epoch minutes, from `first` to `last`."""
    rows = MinuteRollup.objects.using(alias).filter(start__gte=first, start__lte=last)
    mine = rows.filter(name_id__in=place.name_ids.values("pk")).order_by()
    return _traffic(mine.aggregate(count=Sum("count"), failed=Sum("errors")))


def _traffic(found: dict[str, int | None]) -> Traffic:
    return Traffic(found["count"] or 0, found["failed"] or 0)

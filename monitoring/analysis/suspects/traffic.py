"""Where the requests of a service went: what the routes of a group's errors are compared with."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.db.models import Sum

from monitoring.performance.models import HourRollup, MinuteRollup
from monitoring.storage.names import Name

REQUESTS = "all requests"
_MOST_NAMES = 500


def requests(service: str, since: datetime, until: datetime, alias: str) -> Counter[str]:
    """Return how many requests each route answered in a time, to the minute at its end and to the hour before.

    Args:
        service: Of which service.
        since: From then on.
        until: Up to then.
        alias: The database.
    """
    titles = dict(
        Name.objects.using(alias)
        .filter(kind="request", service=service)
        .order_by("-pk")
        .values_list("pk", "name")[:_MOST_NAMES]
    )
    first, last = int(since.timestamp() // 60), int(until.timestamp() // 60)
    hour = last // 60 * 60 - 60  # the hour before may still be waiting to be summed up
    counted: Counter[str] = Counter()
    for rows in (
        HourRollup.objects.using(alias).filter(start__gte=first // 60 * 60, start__lt=hour),
        MinuteRollup.objects.using(alias).filter(start__gte=max(first, hour), start__lte=last),
    ):
        mine = rows.filter(name_id__in=titles).order_by().values_list("name_id").annotate(sum=Sum("count"))
        for name_id, count in mine:
            counted[titles[name_id]] += count
    return counted

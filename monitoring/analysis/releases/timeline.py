"""Which releases there were when: those that were marked, and those that nobody marked by their first error."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitoring.errors.groups.models import Release

from .models import ReleaseMark

MARKED, SEEN = "mark", "errors"
MOST = 500


@dataclass(frozen=True)
class Known:
    """A release that was in force from some time on.

    Attributes:
        environment: Where; empty where nobody said, as of one that is known by its errors alone.
        source: `mark` where somebody said so; `errors` where it is known by the first error that told its release,
            before which it was deployed.
    """

    service: str
    environment: str
    release: str
    at: datetime
    source: str
    url: str = ""


def read(
    alias: str,
    *,
    service: str | None = None,
    environment: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = MOST,
) -> list[Known]:
    """Return releases, the newest first.

    Args:
        alias: The database.
        service: Of this service alone.
        environment: Of this environment alone, with those of which nobody knows where they are.
        since: From then on.
        until: Up to then.
        limit: How many at most.
    """
    marks, seen = ReleaseMark.objects.using(alias), Release.objects.using(alias).exclude(release="")
    if service is not None:
        marks, seen = marks.filter(service=service), seen.filter(service=service)
    if environment is not None:
        marks = marks.filter(environment__in=[environment, ""])
    if since is not None:
        marks, seen = marks.filter(at__gte=since), seen.filter(first_seen__gte=since)
    if until is not None:
        marks, seen = marks.filter(at__lte=until), seen.filter(first_seen__lte=until)
    marked = [
        Known(row.service, row.environment, row.release, row.at, MARKED, row.url)
        for row in marks.order_by("-at", "-id")[:limit]
    ]
    told = seen.order_by("-first_seen", "-id").values_list("service", "release", "first_seen")[:limit]
    rows = [(name, release, first) for name, release, first in told]
    known = _marked({(name, release) for name, release, _ in rows}, alias)
    unmarked = [Known(name, "", release, first, SEEN) for name, release, first in rows if (name, release) not in known]
    return sorted([*marked, *unmarked], key=lambda one: one.at, reverse=True)[:limit]


def _marked(wanted: set[tuple[str, str]], alias: str) -> set[tuple[str, str]]:
    """Return which releases of services somebody has marked at any time."""
    rows = ReleaseMark.objects.using(alias).filter(
        service__in={service for service, _ in wanted}, release__in={release for _, release in wanted}
    )
    return set(rows.order_by().values_list("service", "release").distinct()) & wanted

"""Marking that a release was deployed: once, however many processes of a deployment say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, router, transaction
from django.db.models import Max

from monitoring.storage import trail

from .models import ReleaseMark

AHEAD = timedelta(minutes=5)
"""So far a mark may lie ahead: the clocks of those who deploy are not ours."""
_TRIES = 20


class MarkError(Exception):
    """A release cannot be marked as it was asked for."""


@dataclass(frozen=True)
class Deployment:
    """What is said of a deployment.

    Attributes:
        service: Which service.
        environment: Where it went.
        release: Its version.
        at: When; None for now.
        url: Where more is said of it.
    """

    service: str
    environment: str
    release: str
    at: datetime | None = None
    url: str = ""


def mark(deployment: Deployment, who: str, now: datetime | None = None) -> tuple[ReleaseMark, bool]:
    """Mark that a release was deployed, unless the mark before or after that time says so already.

    Args:
        deployment: What was deployed where.
        who: Who says so.
        now: The current time, for tests.

    Returns:
        Its mark, and whether that is new.

    Raises:
        MarkError: The time lies ahead.
    """
    now = now or datetime.now(UTC)
    at = deployment.at or now
    if at > now + AHEAD:
        raise MarkError("A release is marked when it is deployed, and not before.")
    alias = router.db_for_write(ReleaseMark)
    rows = ReleaseMark.objects.using(alias).filter(service=deployment.service, environment=deployment.environment)
    for _ in range(_TRIES):
        last = rows.aggregate(last=Max("number"))["last"] or 0
        beside = (rows.filter(at__lte=at).first(), rows.filter(at__gt=at).order_by("at", "id").first())
        for known in beside:
            if known is not None and known.release == deployment.release:
                return known, False
        row = ReleaseMark(
            service=deployment.service,
            environment=deployment.environment,
            release=deployment.release,
            at=at,
            url=deployment.url,
            number=last + 1,
            who=who,
        )
        try:
            with transaction.atomic(using=alias):
                row.save(using=alias, force_insert=True)
                said = {"service": row.service, "environment": row.environment, "release": row.release, "at": row.at}
                trail.tell(trail.Deed("release.mark", "release", str(row.pk), actor=who, details=said), alias)
        except IntegrityError:
            continue  # somebody else marked meanwhile, perhaps the same
        return row, True
    raise MarkError("Too many releases are marked at once.")

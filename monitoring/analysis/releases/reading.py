"""After which release a group of errors, or a slow time, began."""

from __future__ import annotations

from datetime import datetime

from monitoring.errors.groups.models import ErrorGroup, GroupStatus

from . import onset, timeline
from .onset import Began


def after(at: datetime, service: str, environment: str, alias: str) -> Began | None:
    """Return after which release of a service something began; None where no release was near.

    Args:
        at: When it began.
        service: Of which service.
        environment: Where; empty where nobody knows.
        alias: The database.
    """
    releases = timeline.read(
        alias,
        service=service,
        environment=environment or None,
        since=at - onset.LOOKED_AT,
        until=at + onset.BEFORE,
    )
    return onset.began(at, releases)


def of_group(group: ErrorGroup, first_seen: datetime, alias: str) -> Began | None:
    """Return after which release a group began, or came back where it has.

    Args:
        group: The group.
        first_seen: Its first error, with those of its members.
        alias: The database.
    """
    returned = group.status == GroupStatus.REGRESSED and group.status_at is not None
    at = group.status_at if returned and group.status_at else first_seen
    return after(at, group.service, group.environment, alias)

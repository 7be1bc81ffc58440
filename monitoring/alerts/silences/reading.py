"""Which silences, maintenance windows and inhibitions are for now, as values. What means nothing is left out."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from .inhibitions import SHIPPED
from .matchers import MatcherError, parse
from .models import Inhibition, MaintenanceWindow, Silence
from .muting import Inhibiting, Quiet
from .windows import WindowError, open_until

logger = logging.getLogger("monitoring.alerts")


@dataclass(frozen=True)
class Mutes:
    """What keeps incidents from being told at a moment."""

    quiets: tuple[Quiet, ...]
    inhibiting: tuple[Inhibiting, ...]


def read(now: datetime, alias: str) -> Mutes:
    """Read what is for a moment, in three queries.

    Args:
        now: The moment.
        alias: The database.
    """
    return Mutes((*_silences(now, alias), *_windows(now, alias)), _inhibiting(alias))


def _silences(now: datetime, alias: str) -> list[Quiet]:
    found = []
    for row in Silence.objects.using(alias).filter(starts__lte=now, ends__gt=now).order_by("pk"):
        try:
            found.append(Quiet(row.pk, parse(row.matchers)))
        except MatcherError as error:
            logger.warning("silence %s is left out: %s", row.pk, error)
    return found


def _windows(now: datetime, alias: str) -> list[Quiet]:
    found = []
    for row in MaintenanceWindow.objects.using(alias).filter(enabled=True, starts__lte=now).order_by("pk"):
        try:
            if open_until(now, row.starts, row.minutes, row.cron, row.time_zone, row.ends) is not None:
                found.append(Quiet(row.pk, parse(row.matchers) if row.matchers else (), maintenance=True))
        except (MatcherError, WindowError) as error:
            logger.warning("maintenance window %s is left out: %s", row.name, error)
    return found


def _inhibiting(alias: str) -> tuple[Inhibiting, ...]:
    found = dict(SHIPPED)
    for row in Inhibition.objects.using(alias).order_by("name"):
        found.pop(row.name, None)
        if not row.enabled:
            continue
        try:
            equal = tuple(str(name) for name in row.equal)
            found[row.name] = Inhibiting(parse(row.source_matchers), parse(row.target_matchers), equal)
        except (MatcherError, TypeError) as error:
            logger.warning("inhibition %s is left out: %s", row.name, error)
    return tuple(found.values())

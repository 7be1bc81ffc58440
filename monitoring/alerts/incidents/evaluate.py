"""Evaluates all rules, and brings incidents up to date. Celery calls it every few seconds.

Rules are read without a transaction. What changed is written in short transactions of some hundred incidents, each of
which holds the fence: of two evaluators at once only one goes on, and one that dies leaves whole transactions, after
which the next finds what is left to do. An evaluation that fails altogether, because the database is away or preferred
another transaction, has done nothing that the next one does not do.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import InterfaceError, OperationalError, router, transaction
from django.db.models import Q

from monitoring.alerts.rules.models import AlertRule
from monitoring.alerts.rules.store import active_rules
from monitoring.alerts.silences import reading
from monitoring.conf import Config

from . import fence, troubles
from .drafts import Draft, drafts_of
from .models import Incident
from .states import IncidentState
from .verdicts import Verdicts, reach
from .writing import BATCH, write

logger = logging.getLogger("monitoring.alerts")

_CHUNK = 1_000


@dataclass(frozen=True)
class Round:
    """What came of one evaluation.

    Attributes:
        rules: How many rules were evaluated.
        failing: How many of them failed.
        written: How many incidents changed.
        deliveries: How many deliveries there are to be made now.
    """

    rules: int
    failing: int
    written: int
    deliveries: int


def evaluate(config: Config, now: datetime | None = None) -> Round | None:
    """Evaluate all active rules once.

    Args:
        config: This installation's settings.
        now: The current time, unless it is.

    Returns:
        What came of it; None when another evaluator was at work as well, and went on instead.
    """
    begun, at = time.monotonic(), now or datetime.now(UTC)
    alias = router.db_for_write(Incident)
    mine = fence.read(alias)
    enabled = set(AlertRule.objects.using(alias).filter(enabled=True).values_list("name", flat=True))
    verdicts = reach(active_rules(), at, mine.since, troubles.failing(alias))
    # Nothing is known of what they look for: their incidents are not over.
    verdicts.failed |= dict.fromkeys(enabled - verdicts.rules.keys(), "This release cannot evaluate it.")
    drafts = drafts_of(_open_rows(alias), verdicts, reading.read(at, alias), config)
    try:
        batches = [drafts[first : first + BATCH] for first in range(0, len(drafts), BATCH)]
        deliveries = sum(_write(batch, verdicts, mine, config) for batch in batches[:-1])
        deliveries += _finish(batches[-1] if batches else [], verdicts, mine, config, begun)
    except fence.SupersededError:
        return None
    return Round(len(verdicts.rules), len(verdicts.failed), len(drafts), deliveries)


def _open_rows(alias: str) -> dict[str, Incident]:
    """Return the incidents that are not over, and those that people resolved though they are still found, by key."""
    wanted = ~Q(state=IncidentState.RESOLVED.value) | Q(spent=True)
    rows = Incident.objects.using(alias).filter(wanted).defer("summary", "evidence").order_by("-spent", "pk")
    # One that is open comes after one that is spent, and is the one that counts.
    return {row.key: row for row in rows.iterator(_CHUNK)}


def _write(drafts: Sequence[Draft], verdicts: Verdicts, mine: fence.Fence, config: Config) -> int:
    """Write incidents; one that cannot be written makes its rule fail, and keeps no other from being written.

    Returns:
        How many deliveries there are to be made.
    """
    try:
        return write(drafts, verdicts, mine, config)
    except (fence.SupersededError, OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(drafts) > 1:
            half = len(drafts) // 2
            return sum(_write(part, verdicts, mine, config) for part in (drafts[:half], drafts[half:]))
        logger.exception("an incident cannot be stored")
        verdicts.failed[drafts[0].rule_name(verdicts)] = f"What it found cannot be stored: {type(error).__name__}."
        return 0


def _finish(drafts: Sequence[Draft], verdicts: Verdicts, mine: fence.Fence, config: Config, begun: float) -> int:
    """Write the last incidents, and that all was evaluated, together: a database with one writer is waited for once.

    Returns:
        How many deliveries there are to be made.
    """
    try:
        with mine.kept(), transaction.atomic(using=mine.alias):
            deliveries = write(drafts, verdicts, mine, config) if drafts else 0
            _complete(verdicts, mine, time.monotonic() - begun)
    except (fence.SupersededError, OperationalError, InterfaceError):
        raise
    except Exception:
        if not drafts:
            raise
        deliveries = _write(drafts, verdicts, mine, config)
        _complete(verdicts, mine, time.monotonic() - begun)
    return deliveries


def _complete(verdicts: Verdicts, mine: fence.Fence, seconds: float) -> None:
    """Note that all was evaluated: events since before need not be looked for again."""
    with transaction.atomic(using=mine.alias):
        mine.advance(
            began=verdicts.at,
            completed=verdicts.at + timedelta(seconds=seconds),
            seconds=seconds,
            rules=len(verdicts.rules),
            failing=len(verdicts.failed),
        )
        troubles.write(verdicts, mine.alias)

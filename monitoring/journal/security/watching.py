"""Judging what clients did, and keeping what is found: one row for one thing, however long it goes on.

Whoever runs it, how often and how many at once, comes to the same: a finding that is open is brought up to date, and
the database lets one of many who find the same at once have it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, router, transaction

from monitoring.conf import Config
from monitoring.forms import Network
from monitoring.journal.audit.writing import NewEntry, write

from .judging import Found, judge, judge_target
from .kinds import QUIET_MINUTES, State
from .models import MAX_SUBJECT, SecurityFinding
from .reading import Reading, limits_of

MOST_FINDINGS = 1_000
"""Findings that one run keeps, the surest first."""
_NAMESPACE = uuid.UUID("6f1d2c1e-6a51-4c0e-9d5e-6d0f0e6f9c11")


@dataclass(frozen=True)
class Watched:
    """What a run came to.

    Attributes:
        opened: Findings that are new.
        closed: Findings that are over.
    """

    opened: tuple[SecurityFinding, ...] = ()
    closed: tuple[SecurityFinding, ...] = ()


def find(config: Config, listed: Collection[Network], now: datetime, alias: str) -> list[Found]:
    """Return what is found now, the surest first.

    Args:
        config: This installation's settings.
        listed: Networks on the allow-list, beside those of the settings.
        now: When the window ends.
        alias: The database.
    """
    limits = limits_of(config)
    reading = Reading(limits, config, listed, now, alias)
    found = [one for activity in reading.activities() for one in judge(activity, limits, reading.minute)]
    found += [one for of, target, who in reading.targets() for one in judge_target(of, target, who, limits)]
    found.sort(key=lambda one: (-one.confidence, one.kind, one.subject))
    return found[:MOST_FINDINGS]


def keep(found: Iterable[Found], config: Config, now: datetime, alias: str) -> Watched:
    """Open what is new, bring what is known up to date, and close what is over, each with its entry in the journal.

    It belongs into the caller's transaction, so that whoever is told of a finding is told of the same.

    Args:
        found: What is found now, each thing once.
        config: This installation's settings.
        now: The current time.
        alias: The database.
    """
    rows = SecurityFinding.objects.using(alias)
    due = {(one.kind.value, one.subject[:MAX_SUBJECT]): one for one in found}
    known = {(row.kind, row.subject): row for row in rows.select_for_update().filter(state=State.OPEN).order_by("pk")}
    spared = set(rows.filter(dismissed_until__gt=now).values_list("kind", "subject"))
    for key in sorted(due.keys() & known.keys()):
        _update(known[key], due[key], now, alias)
    opened = [row for key in sorted(due.keys() - known.keys() - spared) if (row := _open(key, due[key], now, alias))]
    quiet = now - timedelta(minutes=QUIET_MINUTES)
    over = [row for key, row in sorted(known.items()) if key not in due and row.seen <= quiet]
    for row in over:
        row.state, row.closed = State.CLOSED, now
        row.save(using=alias, update_fields=["state", "closed"])
    entries = [_entry(row, "open", config, now) for row in opened] + [_entry(row, "close", config, now) for row in over]
    if entries:
        write(entries, alias)
    return Watched(tuple(opened), tuple(over))


def _update(row: SecurityFinding, found: Found, now: datetime, alias: str) -> None:
    """Take new evidence over; what makes less sure than there was leaves the evidence as it is."""
    fields = ["seen"]
    row.seen = now
    if found.confidence >= row.confidence:
        row.confidence, row.says, row.evidence = round(found.confidence, 3), found.says, found.evidence
        fields += ["confidence", "says", "evidence"]
    row.save(using=alias, update_fields=fields)


def _open(key: tuple[str, str], found: Found, now: datetime, alias: str) -> SecurityFinding | None:
    """Store a new finding; None when somebody else has found the same."""
    row = SecurityFinding(
        kind=key[0],
        subject=key[1],
        client=found.client,
        confidence=round(found.confidence, 3),
        says=found.says,
        evidence=found.evidence,
        started=now,
        seen=now,
    )
    try:
        with transaction.atomic(using=alias):
            row.save(using=alias, force_insert=True)
    except IntegrityError:
        return None
    return row


def _entry(row: SecurityFinding, what: str, config: Config, now: datetime) -> NewEntry:
    """Return the entry of the journal that says that a finding was opened or closed."""
    return NewEntry(
        entry_id=uuid.uuid5(_NAMESPACE, f"{row.pk} {what}"),
        stream="security",
        at=now,
        service=config.service,
        environment=config.environment,
        action=f"finding.{what}",
        target_type="security_finding",
        target_id=str(row.pk),
        client=row.client,
        details={
            "kind": row.kind,
            "subject": row.subject,
            "confidence": row.confidence,
            "says": row.says,
            "evidence": row.evidence,
        },
    )


def alias_of() -> str:
    """Return the database that findings are written to."""
    return router.db_for_write(SecurityFinding)

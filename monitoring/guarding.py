"""One run of the security watch: what is found, who is told, and, where a rule wants it, who is blocked for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import redis
from django.db import DatabaseError, IntegrityError, transaction

from monitoring import decisions
from monitoring.conf import Config
from monitoring.jobs.findings import Finding, store
from monitoring.journal.security import retention, watching
from monitoring.journal.security.kinds import WINDOW_MINUTES, Kind, State
from monitoring.journal.security.models import SecurityFinding
from monitoring.protection import ruling
from monitoring.protection.ruling import Ruling


def guard(config: Config, now: datetime | None = None) -> int:
    """Judge what clients did, and do what follows. Call it outside of transactions.

    Args:
        config: This installation's settings.
        now: The current time.

    Returns:
        How many findings are new.
    """
    now, alias = now or datetime.now(UTC), watching.alias_of()
    if not config.security:
        return 0
    found = watching.find(config, ruling.allowed(now, alias), now, alias)
    with transaction.atomic(using=alias, durable=not config.eager):
        watched = watching.keep(found, config, now, alias)
        tell(now, alias)
    if config.security_blocks:
        block(config, now, alias)
    retention.forget(now, alias)
    return len(watched.opened)


def tell(now: datetime, alias: str) -> None:
    """Make the findings that alert rules look at what is open here. It belongs into the caller's transaction.

    Args:
        now: When those end that are no more.
        alias: The database.
    """
    rows = {(row.kind, row.subject): row for row in SecurityFinding.objects.using(alias).filter(state=State.OPEN)}
    told = Finding.objects.using(alias).filter(kind__in=[kind.value for kind in Kind], closed=None)
    known = {(row.kind, row.subject): row.pk for row in told}
    over = [pk for key, pk in known.items() if key not in rows]
    if over:
        told.filter(pk__in=over).update(closed=now)
    for key in sorted(rows.keys() - known.keys()):
        row = rows[key]
        finding = Finding(kind=row.kind, subject=row.subject, detail=_detail(row), opened=row.started)
        with contextlib.suppress(IntegrityError), transaction.atomic(using=alias):
            store([finding], alias)


def block(config: Config, now: datetime, alias: str) -> None:
    """Block the clients of findings that a rule wants to be blocked for, each finding's once.

    Args:
        config: This installation's settings.
        now: The current time.
        alias: The database.
    """
    rows = SecurityFinding.objects.using(alias).filter(
        state=State.OPEN, blocked=False, kind__in=config.security_blocks, client__gt=""
    )
    due = list(rows.filter(confidence__gte=config.security_block_confidence).order_by("-confidence", "pk"))
    if not due:
        return
    blocked = ruling.block(_rulings(due), config, now)
    # Whom somebody lets go is not blocked for the same again.
    rows.filter(pk__in=[row.pk for row in due if row.client in blocked]).update(blocked=True)
    if blocked:
        with contextlib.suppress(redis.RedisError, DatabaseError):  # it is projected within ten seconds anyhow
            decisions.project(config)


def _rulings(rows: Iterable[SecurityFinding]) -> Sequence[Ruling]:
    found: dict[str, Ruling] = {}
    for row in rows:
        reason = f"{row.kind}: {row.says}"
        evidence = {"finding": row.pk, "kind": row.kind, "confidence": row.confidence}
        found.setdefault(row.client, Ruling(row.client, reason, _count(row), WINDOW_MINUTES * 60, evidence))
    return list(found.values())


def _count(row: SecurityFinding) -> int:
    names = ("hits", "missing", "failures", "refused")
    return max((int(row.evidence[name]) for name in names if name in row.evidence), default=0)


def _detail(row: SecurityFinding) -> dict[str, object]:
    """Return the evidence, under the names that findings have for what they are about."""
    return {
        **({"client": row.client} if row.client else {}),
        "finding": row.pk,
        "confidence": row.confidence,
        "says": row.says,
        **row.evidence,
    }

"""Turn errors that something may help, and requests of callers, into rows of recoveries: each once.

An error asks by itself only where nobody works on the same fault already, and nobody did lately: what is asked for
again and again is one trouble. Whoever asks explicitly gets an answer of their own; where the same fault is being
worked on, it is that one's. The number of statements does not grow with the number of errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Q

from monitoring.conf import Config, get_config
from monitoring.errors.digest.sightings import text
from monitoring.recovery.models import Recovery
from monitoring.recovery.states import OPEN, State, Trigger
from monitoring.storage.folding import Columns, Fact, Scope, Write

from . import wish
from .wish import Wish

DUE = "recovery"
MOST = 100
"""Faults of which errors of one drain ask by themselves."""
LATE_SECONDS = 10
"""Who joined a recovery just when it was told what became of it is told so long after."""
Fault = tuple[str, str]


def consume(measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:  # noqa: ARG001  # all consumers are called alike
    """Write down what is asked for."""
    errors, asked = facts.get("error", ()), facts.get("recovery", ())
    if not errors and not asked:
        return []
    config = get_config()
    explicit = {one.error_id: one for fact in asked if (one := wish.of_request(fact))}
    wishes = _of_errors(errors, explicit, config) + list(explicit.values())
    if not wishes:
        return []
    scope.due.add(DUE)
    now = datetime.fromtimestamp(scope.now / 1000, UTC)
    return [lambda: write(wishes, now, config, scope.connection.alias)]


def _of_errors(facts: Iterable[Fact], explicit: dict[UUID, Wish], config: Config) -> list[Wish]:
    """Return what errors ask for, one of each fault; those that somebody asks for are completed instead."""
    found: dict[Fault, Wish] = {}
    for fact in facts:
        error_id = wish.id_of(fact.values.get("id")) if explicit else None
        asked = explicit.get(error_id) if error_id else None
        if asked is None and (config.recovery == "off" or _fault(fact) in found or len(found) >= MOST):
            continue
        one = wish.of_error(fact, config, asked.trigger if asked is not None else Trigger.AUTOMATIC)
        if asked is not None:
            explicit[asked.error_id] = _complete(asked, fact, one)
        elif one is not None:
            found[one.service, one.fingerprint] = one
    return list(found.values())


def _fault(fact: Fact) -> Fault:
    return (
        text(fact.values, "service", 200) or fact.service,
        text(fact.values, "fingerprint", 64),
    )


def _complete(asked: Wish, fact: Fact, known: Wish | None) -> Wish:
    """Return a caller's wish with what its error, which came with it, says of itself."""
    return Wish(
        asked.error_id,
        asked.at,
        asked.trigger,
        service=_fault(fact)[0],
        environment=known.environment if known else fact.origin.get("environment", "")[:50],
        error_type=known.error_type if known else "",
        severity=known.severity if known else text(fact.values, "severity", 10).lower(),
        name=text(fact.values, "name", 200),
        fingerprint=known.fingerprint if known else wish.fingerprint_of(fact.values),
        dependency=known.dependency if known else "",
        waits=asked.waits,
    )


def write(wishes: Sequence[Wish], now: datetime, config: Config, alias: str) -> None:
    """Write wishes down, inside of the caller's transaction.

    Args:
        wishes: What is asked for.
        now: The time.
        config: Has for how long a fault is left alone.
        alias: The write database.
    """
    rows = Recovery.objects.using(alias)
    busy = _busy(wishes, now, config, alias)
    explicit = [one.error_id for one in wishes if one.explicit]
    under_way = rows.filter(error_id__in=explicit, settled_at=None)
    known = set(under_way.values_list("error_id", flat=True)) if explicit else set()
    if known:
        # Who asks for what is under way is told what comes of it, at once if that is known.
        under_way.update(waits=True, next_at=now)
    new = []
    for one in wishes:
        fault = (one.service, one.fingerprint)
        leader = busy.get(fault) if one.fingerprint else None
        if one.error_id in known or (leader is not None and not one.explicit):
            continue
        row = _joined(one, now, leader) if leader is not None and leader.open else _row(one, now)
        if row.state == State.REQUESTED and one.fingerprint:
            busy[fault] = row
        new.append(row)
    rows.bulk_create(new, batch_size=200, ignore_conflicts=True)  # it may have been asked for in another way


def _busy(wishes: Sequence[Wish], now: datetime, config: Config, alias: str) -> dict[Fault, Recovery]:
    """Return by fault the recovery that is under way, or else was lately."""
    prints = sorted({one.fingerprint for one in wishes if one.fingerprint})
    if not prints:
        return {}
    lately = now - timedelta(seconds=config.recovery_cooldown_seconds)
    services = {one.service for one in wishes}
    rows = Recovery.objects.using(alias).filter(service__in=services, fingerprint__in=prints)
    rows = rows.exclude(state=State.JOINED)
    busy: dict[Fault, Recovery] = {}
    rows = rows.filter(Q(state__in=OPEN) | Q(requested_at__gt=lately))
    found = rows.only("service", "fingerprint", "state", "message")
    for row in found.order_by("requested_at"):
        if (before := busy.get((row.service, row.fingerprint))) is None or not before.open:
            busy[row.service, row.fingerprint] = row
    return busy


def _row(one: Wish, now: datetime) -> Recovery:
    return Recovery(
        error_id=one.error_id,
        service=one.service,
        environment=one.environment,
        error_type=one.error_type,
        severity=one.severity,
        name=one.name,
        fingerprint=one.fingerprint,
        dependency=one.dependency,
        trigger=one.trigger,
        priority=one.priority,
        state=State.REQUESTED,
        waits=one.waits,
        requested_at=now,
        next_at=now,
    )


def _joined(one: Wish, now: datetime, leader: Recovery) -> Recovery:
    """Return a row whose answer is another's, and which costs nothing more, however many there are.

    Whoever works on the leader tells those who wait. Only who comes when that is over, or at that very moment, is told
    by itself.
    """
    row = _row(one, now)
    row.state, row.leader = State.JOINED, leader
    if not one.waits:
        row.next_at, row.settled_at = None, now
    elif not leader.message:
        row.next_at = now + timedelta(seconds=LATE_SECONDS)
    return row

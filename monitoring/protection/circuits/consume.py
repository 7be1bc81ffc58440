"""Count calls to dependencies within a drain, each once, and note which circuits code uses.

Calls may come before what their circuit is like: then the circuit is there, but nothing is decided until code has said
so, which follows within a moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.recording.resilience.options import MAX_NAME, CircuitOptions
from monitoring.storage import bulk
from monitoring.storage.folding import Columns, Fact, Scope, Write

from . import reading
from .fold import Folded, Name, fold
from .models import MAX_SERVICE, Circuit, CircuitAsker, CircuitCall, CircuitPermit, CircuitTotal, Hold, Outcome, State
from .policy import ASKED, over

DUE = "circuits"
"""What becomes due where a circuit may change, or somebody may be permitted to try it."""
MOST = 1_000
"""Circuits that are kept; calls of those beyond are counted nowhere, which is noted."""
NOT_KEPT = "circuits_not_kept"
_COUNTS = ("calls", "failed", "slow", "refused")
_SEEN = timedelta(seconds=60)


def consume(measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:
    """Count calls, and note what code says of circuits."""
    writes: list[Write] = []
    declared = _declared(facts.get("circuit", ()))
    if declared:
        writes.append(lambda: _declare(declared, scope))
    columns = measures.get("call")
    if columns is not None and len(columns.name):
        folded = fold(columns)
        writes.append(lambda: _write(folded, scope))
    return writes


def _declared(facts: Sequence[Fact]) -> dict[Name, dict[str, Any]]:
    """Return what was said last of each circuit; nothing where code uses it as it is."""
    found: dict[Name, dict[str, Any]] = {}
    for fact in facts:
        name, options = fact.values.get("name"), fact.values.get("options")
        if isinstance(name, str) and 0 < len(name) <= MAX_NAME and len(fact.service) <= MAX_SERVICE:
            given = CircuitOptions.read(options).told() if isinstance(options, dict) and options else {}
            found[fact.service, name] = given or found.get((fact.service, name), {})
    return dict(sorted(found.items()))


def _declare(declared: Mapping[Name, dict[str, Any]], scope: Scope) -> None:
    now = _moment(scope.now)
    rows, known = Circuit.objects.using(scope.connection.alias), _kept(declared, scope)
    for key, options in declared.items():
        row = known.get(key)
        if row is None:
            continue
        if not row.declared or (options and row.options != options):
            rows.filter(pk=row.pk).update(options=options or row.options, declared=True, seen=now)
            scope.due.add(DUE)
        elif row.seen < now - _SEEN:
            rows.filter(pk=row.pk, seen__lt=now).update(seen=now)


def _kept(names: Mapping[Name, Any], scope: Scope) -> dict[Name, Circuit]:
    """Return the circuits of these names, those that are new among them as long as there is room."""
    known = reading.named(names, scope.connection.alias)
    new = [name for name in names if name not in known]
    if not new:
        return known
    rows = Circuit.objects.using(scope.connection.alias)
    room = max(0, MOST - rows.count())
    scope.noted[NOT_KEPT] += max(0, len(new) - room)
    now = _moment(scope.now)
    made = [
        # Permits of a circuit that was forgotten have lower numbers, so that none of them is taken for another.
        Circuit(service=service, name=name, seen=now, since=now, number=scope.now // 1000)
        for service, name in new[:room]
    ]
    rows.bulk_create(made, ignore_conflicts=True)
    return reading.named(names, scope.connection.alias)


def _write(folded: Mapping[Name, Folded], scope: Scope) -> None:
    """Add what was counted, inside of the drain's transaction."""
    known = _kept(folded, scope)
    kept = {name: one for name, one in folded.items() if name in known}
    _add_calls(kept, scope)
    for name, one in kept.items():
        _note_trials(known[name], one, scope)
        _note_askers(known[name], one, scope)
    _make_due(kept, known, scope)


def _add_calls(folded: Mapping[Name, Folded], scope: Scope) -> None:
    seconds = [
        (*name, second, counts) for name, one in folded.items() for second, counts in sorted(one.seconds.items())
    ]
    rows: dict[str, list[Any]] = {
        "service": [row[0] for row in seconds],
        "name": [row[1] for row in seconds],
        "second": [row[2] for row in seconds],
        "shard": [scope.shard] * len(seconds),
        **{title: [getattr(row[3], title) for row in seconds] for title in _COUNTS},
    }
    bulk.add(scope.connection, CircuitCall, rows, _COUNTS)
    totals = [(*name, one.total) for name, one in folded.items()]
    rows = {
        "service": [row[0] for row in totals],
        "name": [row[1] for row in totals],
        "shard": [scope.shard] * len(totals),
        **{title: [getattr(row[2], title) for row in totals] for title in _COUNTS},
    }
    bulk.add(scope.connection, CircuitTotal, rows, _COUNTS)


def _note_trials(circuit: Circuit, folded: Folded, scope: Scope) -> None:
    """Note what is known of the calls that were permitted."""
    permits = CircuitPermit.objects.using(scope.connection.alias).filter(circuit=circuit.pk, outcome=Outcome.NONE)
    if folded.began:
        permits.filter(number__in=folded.began).update(began=True)
    for outcome, wanted in ((Outcome.FAILED, True), (Outcome.SUCCEEDED, False)):
        numbers = [number for number, failed in folded.ended.items() if failed is wanted]
        if numbers:
            permits.filter(number__in=numbers).update(outcome=outcome, began=True)


def _note_askers(circuit: Circuit, folded: Folded, scope: Scope) -> None:
    """Note who wants to call, when that is about to matter."""
    if not folded.askers or not _is_tried_soon(circuit, scope.now):
        return
    rows = [CircuitAsker(circuit_id=circuit.pk, process=one, at=at) for one, at in sorted(folded.askers.items())]
    CircuitAsker.objects.using(scope.connection.alias).bulk_create(
        rows, update_conflicts=True, update_fields=["at"], unique_fields=["circuit", "process"]
    )


def _is_tried_soon(circuit: Circuit, now: int) -> bool:
    if circuit.state == State.HALF_OPEN:
        return True
    return circuit.until is not None and int(circuit.until.timestamp() * 1000) - now < ASKED


def _make_due(folded: Mapping[Name, Folded], known: Mapping[Name, Circuit], scope: Scope) -> None:
    """Say that there is something to decide, where there is."""
    failing = []
    for name, one in folded.items():
        circuit, total = known[name], one.total
        if not circuit.declared or circuit.hold != Hold.NONE:
            continue
        if circuit.state == State.CLOSED and (total.failed or total.slow):
            failing.append(circuit)
        elif one.ended or (one.askers and _may_be_tried(circuit, scope.now)):
            scope.due.add(DUE)
    if failing and DUE not in scope.due:
        calls = reading.calls(failing, scope.now, scope.connection.alias)
        if any(over(calls[circuit.pk], circuit.thresholds) for circuit in failing):
            scope.due.add(DUE)


def _may_be_tried(circuit: Circuit, now: int) -> bool:
    if circuit.state == State.HALF_OPEN:
        return True
    return circuit.until is not None and int(circuit.until.timestamp() * 1000) <= now


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)

"""What is known of circuits, as those who decide want it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Sum

from monitoring.recording.resilience.options import MAX_WINDOW

from .models import Circuit, CircuitAsker, CircuitCall, CircuitPermit, Hold, State
from .policy import ASKED, Calls, Permit


def named(names: Iterable[tuple[str, str]], alias: str) -> dict[tuple[str, str], Circuit]:
    """Return the circuits of these services and names."""
    wanted = set(names)
    rows = Circuit.objects.using(alias).filter(
        service__in={service for service, _ in wanted}, name__in={name for _, name in wanted}
    )
    return {(row.service, row.name): row for row in rows if (row.service, row.name) in wanted}


def undecided(now: int, alias: str) -> list[Circuit]:
    """Return the circuits about which something may be decided: not closed, or with calls that failed lately."""
    failing = CircuitCall.objects.using(alias).filter(second__gt=now // 1000 - MAX_WINDOW)
    pairs = set(failing.exclude(failed=0, slow=0).values_list("service", "name").distinct().order_by())
    rows = Circuit.objects.using(alias).filter(declared=True, hold=Hold.NONE).order_by("pk")
    found = {row.pk: row for row in rows.exclude(state=State.CLOSED)}
    if pairs:
        closed = rows.filter(
            state=State.CLOSED, service__in={one for one, _ in pairs}, name__in={one for _, one in pairs}
        )
        found |= {row.pk: row for row in closed if (row.service, row.name) in pairs}
    return [found[pk] for pk in sorted(found)]


def calls(circuits: Sequence[Circuit], now: int, alias: str) -> dict[int, Calls]:
    """Return the calls within each circuit's window, and since it became what it is.

    Those of the second in which it did may be from before, and do not count.
    """
    counts: dict[tuple[str, str], dict[int, tuple[int, int, int]]] = defaultdict(dict)
    if circuits:
        rows = CircuitCall.objects.using(alias).filter(
            service__in={one.service for one in circuits},
            name__in={one.name for one in circuits},
            second__gt=now // 1000 - max(one.thresholds.window_seconds for one in circuits),
        )
        summed = rows.values_list("service", "name", "second").annotate(Sum("calls"), Sum("failed"), Sum("slow"))
        for service, name, second, *sums in summed.order_by():
            counts[service, name][second] = (sums[0], sums[1], sums[2])
    return {one.pk: _within(counts[one.service, one.name], one, now) for one in circuits}


def _within(seconds: Mapping[int, tuple[int, int, int]], circuit: Circuit, now: int) -> Calls:
    after = now // 1000 - circuit.thresholds.window_seconds
    if circuit.opened:
        after = max(after, int(circuit.since.timestamp()))
    counts = [sums for second, sums in seconds.items() if second > after]
    return Calls(*(sum(column) for column in zip(*counts, strict=True))) if counts else Calls()


def permits(circuit: Circuit, alias: str) -> list[Permit]:
    """Return the permits of the trial that goes on."""
    rows = CircuitPermit.objects.using(alias).filter(circuit=circuit.pk, number__gte=circuit.first).order_by("number")
    return [Permit(row.process, row.void, row.lost, row.began, row.outcome) for row in rows]


def askers(circuit: Circuit, now: int, alias: str) -> list[tuple[str, int]]:
    """Return the processes that wanted to call lately, and when they last did."""
    rows = CircuitAsker.objects.using(alias).filter(circuit=circuit.pk, at__gt=now - ASKED)
    return list(rows.values_list("process", "at"))

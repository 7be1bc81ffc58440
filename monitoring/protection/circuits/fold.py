"""Turn columns of calls into counts by circuit and second, and into what is known of trials and of who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitoring.recording.resilience.circuits import BEGAN, FAILED, REFUSED, SLOW
from monitoring.recording.resilience.options import MAX_NAME
from monitoring.storage.folding import Columns

from .models import MAX_SERVICE

Name = tuple[str, str]
"""Service and name of a circuit."""
_MOST_ASKERS = 20
_MAX_PROCESS = 40

Array = np.ndarray[Any, Any]


@dataclass
class Counts:
    """How calls ended."""

    calls: int = 0
    failed: int = 0
    slow: int = 0
    refused: int = 0

    def add(self, other: Counts) -> None:
        """Add others."""
        self.calls += other.calls
        self.failed += other.failed
        self.slow += other.slow
        self.refused += other.refused


@dataclass
class Folded:
    """What a drain says of one circuit.

    Attributes:
        seconds: Counts by the second in which the calls began.
        began: Numbers of permits whose call has begun.
        ended: Numbers of permits whose call has ended, and whether it failed or was slow.
        askers: Processes that were refused, with the latest time in milliseconds: those that wanted to call last.
    """

    seconds: dict[int, Counts] = field(default_factory=dict)
    began: set[int] = field(default_factory=set)
    ended: dict[int, bool] = field(default_factory=dict)
    askers: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> Counts:
        """All of them."""
        total = Counts()
        for one in self.seconds.values():
            total.add(one)
        return total


def fold(columns: Columns) -> dict[Name, Folded]:
    """Return what the calls say, by circuit; names that no circuit can have are left out."""
    found: dict[Name, Folded] = {}
    flags = columns.values["flags"].astype(np.int64)
    _count(columns, flags, found)
    _trials(columns, flags, found)
    _askers(columns, flags, found)
    return {name: found[name] for name in sorted(found) if 0 < len(name[1]) <= MAX_NAME and len(name[0]) <= MAX_SERVICE}


def _count(columns: Columns, flags: Array, found: dict[Name, Folded]) -> None:
    # That a trial has begun is no call yet.
    chosen = np.flatnonzero(flags & BEGAN == 0)
    if not len(chosen):
        return
    flags, names, seconds = flags[chosen], columns.name[chosen].astype(np.int64), columns.at[chosen] // 1000
    order = np.lexsort((seconds, names))
    flags, names, seconds = flags[order], names[order], seconds[order]
    begins = np.flatnonzero(np.r_[True, (names[1:] != names[:-1]) | (seconds[1:] != seconds[:-1])])
    refused = flags & REFUSED > 0
    sums = [
        np.add.reduceat(one.astype(np.int64), begins).tolist()
        for one in (~refused, ~refused & (flags & FAILED > 0), ~refused & (flags & SLOW > 0), refused)
    ]
    for name, second, *counts in zip(names[begins].tolist(), seconds[begins].tolist(), *sums, strict=True):
        found.setdefault(columns.names[name], Folded()).seconds[second] = Counts(*counts)


def _trials(columns: Columns, flags: Array, found: dict[Name, Folded]) -> None:
    permit = columns.values["permit"]
    for place in np.flatnonzero(permit).tolist():
        one, number, said = (
            found.setdefault(columns.names[columns.name[place]], Folded()),
            int(permit[place]),
            flags[place],
        )
        if said & BEGAN:
            one.began.add(number)
        elif not said & REFUSED:
            one.ended[number] = bool(said & (FAILED | SLOW))


def _askers(columns: Columns, flags: Array, found: dict[Name, Folded]) -> None:
    refused = np.flatnonzero(flags & REFUSED)
    if not len(refused):
        return
    # The latest of a process comes last, and stays.
    refused = refused[np.argsort(columns.at[refused], kind="stable")]
    pairs = zip(columns.name[refused].tolist(), columns.values["process"][refused].tolist(), strict=True)
    latest = dict(zip(pairs, columns.at[refused].tolist(), strict=True))
    for (name, process), at in sorted(latest.items(), key=lambda item: -item[1]):
        known, text = found.setdefault(columns.names[name], Folded()).askers, columns.names[process][1]
        if len(known) < _MOST_ASKERS and 0 < len(text) <= _MAX_PROCESS:
            known[text] = at

"""Keep entries that processes have recorded: they wait, as all do, to be sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitoring.journal.audit.writing import NewEntry, write
from monitoring.storage.folding import Columns, Fact, Scope, Write

from .entries import of_fact


def consume(measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:  # noqa: ARG001  # all consumers are called alike
    """Write each entry once, whoever replays it."""
    found = (of_fact(fact) for fact in facts.get("entry", ()))
    rows = {entry.entry_id: entry for entry in found if entry is not None}
    if not rows:
        return []
    return [lambda: _write(sorted(rows.values(), key=lambda one: (one.at, one.entry_id)), scope)]


def _write(rows: list[NewEntry], scope: Scope) -> None:
    write(rows, scope.connection.alias)
    scope.due.add("journal")

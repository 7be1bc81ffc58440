"""What became of the events that were recorded: counts since ever, and the letters that wait."""

from __future__ import annotations

from typing import Any

from monitoring.metrics import reader

from .models import DeadLetter

OUTCOMES = ("folded", "lost", "refused", "replayed")


def tally() -> dict[str, Any]:
    """Return events by outcome and kind, notes of what was changed on the way in, and how many dead letters wait."""
    by_outcome: dict[str, dict[str, float | int]] = {outcome: {} for outcome in OUTCOMES}
    notes: dict[str, float | int] = {}
    for name, count in reader.totals("intake").items():
        title, _, kind = name.partition(":")
        outcome = title.removeprefix("events_")
        if kind and outcome in by_outcome:
            by_outcome[outcome][kind] = count
        else:
            notes[name] = count
    return {**by_outcome, "notes": notes, "dead_letters": DeadLetter.objects.count()}

"""The judgement after the soak: cleared only if traffic went on, and errors ended or fell to a tenth of before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .signals import Signal

CLEARED, PERSISTED, UNKNOWN = "cleared", "persisted", "unknown"


@dataclass(frozen=True)
class Watched:
    """What became of a signal.

    Attributes:
        outcome: `cleared`, `persisted` or `unknown`.
        says: Why, in one sentence with its figures.
        facts: The figures, as plain JSON.
    """

    outcome: str
    says: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def judge(signal: Signal, begin: datetime, until: datetime, now: datetime, alias: str | None = None) -> str:
    """Return `cleared`, `persisted` or `unknown`; arguments are those of `watch`."""
    return watch(signal, begin, until, now, alias).outcome


def watch(signal: Signal, begin: datetime, until: datetime, now: datetime, alias: str | None = None) -> Watched:
    """Judge what became of a signal.

    Args:
        signal: As it was when the soak began.
        begin: When the soak began.
        until: When it ends; before that nothing is judged.
        now: The time.
        alias: The database; the one for writing by default.
    """
    return Watched(UNKNOWN, "Not watched yet.")

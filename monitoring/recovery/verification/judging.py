"""The judgement after the soak.

A signal has cleared if its errors ended, or fell to a tenth of their share of the traffic, while the traffic went on,
and nothing else fails there in their place. In the first quarter of the soak errors do not count yet: what was under
way may still fail. Where too little happened to tell, nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from . import counts
from .signals import FEW, Signal

CLEARED, PERSISTED, UNKNOWN = "cleared", "persisted", "unknown"
SETTLING = 0.25
"""The part of the soak in which errors do not count yet."""
FELL = 0.1
"""An error's share of the traffic has fallen if it is at most this part of what it was before."""
INSTEAD = 0.25
"""What fails in its place may be this part of what it was, beyond what failed otherwise before."""
TRAFFIC = 0.1
"""Traffic has gone on if it is at least this part of what it was a second."""
EXPECTED = 3.0
"""So many errors must have been to be expected, if nothing had changed, for their absence to say anything: with fewer
they would be missing by chance in more than one of twenty cases."""


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


@dataclass(frozen=True)
class After:
    """What came after.

    Attributes:
        seconds: Of the soak.
        errors: Of the group, in the part of the soak in which they count.
        all_errors: Of the group, in the whole soak.
        traffic: Requests or executions in the whole soak.
        failed: How many of these failed, whyever.
        new: Errors at the same place, of groups that were not known before.
    """

    seconds: float
    errors: int
    all_errors: int
    traffic: float
    failed: float
    new: int = 0


def judge(signal: Signal, begin: datetime, until: datetime, now: datetime, alias: str | None = None) -> str:
    """Return `cleared`, `persisted` or `unknown`; arguments are those of `watch`."""
    return watch(signal, begin, until, now, alias).outcome


def watch(signal: Signal, begin: datetime, until: datetime, now: datetime, alias: str | None = None) -> Watched:
    """Judge what became of a signal, by what was recorded since.

    Args:
        signal: As it was when the soak began.
        begin: When the soak began.
        until: When it ends; before that nothing is judged.
        now: The time.
        alias: The database; the one for writing by default.
    """
    seconds = (until - begin).total_seconds()
    if now < until or seconds <= 0:
        return Watched(UNKNOWN, "It is still being watched.")
    if signal.group_id is None:
        return Watched(UNKNOWN, "Its error is of no group, so that nothing of it can be counted.")
    alias = alias or counts.write_alias()
    settled = begin + timedelta(seconds=seconds * SETTLING)
    late = counts.errors_of(signal.group_id, signal.name, settled, until, alias).count
    early = counts.errors_of(signal.group_id, signal.name, begin, settled, alias).count
    new = counts.others_since(signal.group_id, signal.service, signal.name, begin, until, alias)
    place = counts.place_of(signal.service, signal.name if signal.own else "", alias, own=signal.own)
    ever = counts.ever(place, alias)
    # What came after the soak, where somebody is late to judge it, is taken to be as what came during it.
    part = min(1.0, seconds / max(seconds, now.timestamp() - signal.taken))
    traffic, failed = (ever.count - signal.counted) * part, (ever.failed - signal.failed) * part
    return weigh(signal, After(seconds, late, early + late, traffic, failed, new))


def weigh(signal: Signal, after: After) -> Watched:
    """Judge what became of a signal: a pure function of what was before and after.

    Args:
        signal: As it was when the soak began.
        after: What came after.
    """
    traffic = after.traffic * (1.0 - SETTLING)
    expected, what = signal.share * traffic, "requests or executions"
    facts = {
        "errors_before": signal.errors,
        "share_before": round(signal.share, 4),
        "errors": after.errors,
        "traffic": round(after.traffic),
        "failed": round(after.failed),
        "expected": round(expected, 1),
        "seconds": round(after.seconds, 1),
    }
    if after.errors and not _fell(signal, after.errors, traffic):
        said = f"{_many(after.errors)} more came, after {signal.errors} before"
        return Watched(PERSISTED, f"{said}, in {round(after.traffic)} {what}.", facts)
    if after.traffic < max(1.0, TRAFFIC * signal.rate * after.seconds):
        was = round(signal.rate * after.seconds)
        return Watched(UNKNOWN, f"There were {round(after.traffic)} {what}, where {was} were usual.", facts)
    if (instead := _instead(signal, after)) >= EXPECTED and instead / after.traffic > INSTEAD * signal.share:
        said = f"{round(instead)} of {round(after.traffic)} {what} failed otherwise in its place"
        return Watched(PERSISTED, f"{said}.", facts)
    if expected < EXPECTED:
        said = f"No more came, but only {expected:.1f} were to be expected of {round(after.traffic)} {what}"
        return Watched(UNKNOWN, f"{said}.", facts)
    said = "No more came" if not after.errors else f"Only {_many(after.errors)} more came"
    return Watched(CLEARED, f"{said}, where {round(expected)} of {round(after.traffic)} {what} were to fail.", facts)


def _fell(signal: Signal, errors: int, traffic: float) -> bool:
    """Whether few enough errors came."""
    return signal.errors >= FEW and errors <= FELL * signal.share * traffic


def _instead(signal: Signal, after: After) -> float:
    """Return how much fails otherwise, beyond what did before: of a logger only what is new is known to be there."""
    if not signal.own:
        return float(after.new)
    return max(0.0, after.failed - after.all_errors - signal.others * after.traffic)


def _many(errors: int) -> str:
    return "1 error" if errors == 1 else f"{errors} errors"

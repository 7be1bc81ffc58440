"""Anomalies in words: what was seen, what is usual, and how likely that is. Pure functions."""

from __future__ import annotations

import math

from .hours import Level
from .judging import Look
from .kinds import Measure

_COMPARED = {
    Level.WEEK: "at this hour of the week",
    Level.DAY: "at this hour of the day",
    Level.RECENT: "in the last hours",
}


def subject(of: str, service: str, name: str) -> str:
    """Return what an anomaly is about, such as `GET api/carts/ (shop)` or `task shop.tasks.pay (shop)`."""
    before = "" if of == "request" else f"{of} "
    return f"{before}{name}{f' ({service})' if service else ''}"


def say(look: Look, about: str, level: Level, hours: int, comparisons: int) -> str:
    """Say what is unusual, in one sentence.

    Args:
        look: What was found.
        about: Of what, as `subject` has it.
        level: With which hours it was compared.
        hours: How many those are.
        comparisons: How many comparisons this look made.
    """
    value, usual = _shown(look, look.value), _shown(look, look.expected)
    compared = f"usual {_COMPARED[level]} (from {hours} hours)"
    within, long = f"within {look.minutes} minutes", f"for {look.minutes} minutes"
    seen = {
        Measure.ERROR_RATE: f"{value} of {about} failed {within}; at most {usual} is",
        Measure.ERROR_COUNT: f"{about} failed {value} times {within}; at most {usual} is",
        Measure.LATENCY: f"{about} took {value} ({look.what} {within}){_times(look)} {usual} that is",
        Measure.THROUGHPUT_DROP: f"{about} ran {value} times {within}; {usual} is",
        Measure.THROUGHPUT_RISE: f"{about} ran {value} times {within}{_times(look)} {usual} that is",
        Measure.QUEUE_LENGTH: f"In {about} at least {value} messages waited {long}; {usual} is",
        Measure.QUEUE_AGE: f"In {about} the oldest message was {value} old or older {long}; {usual} is",
    }[look.measure]
    chance = f"By chance that is so in {_chance(look.chance)} of comparisons, of which this look made {comparisons:,}."
    return f"{seen} {compared}. {chance}"


def _shown(look: Look, value: float) -> str:
    if look.measure is Measure.ERROR_RATE:
        return f"{value * 100:.3g} %"
    return _seconds(value) if look.measure in (Measure.LATENCY, Measure.QUEUE_AGE) else _number(value)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _seconds(value: float) -> str:
    return f"{value:,.0f} s" if value >= 100 else f"{value:.3g} s" if value >= 1 else f"{value * 1000:.3g} ms"


def _times(look: Look) -> str:
    return f", {look.value / look.expected:.3g} times the" if look.expected else " instead of the"


def _chance(chance: float) -> str:
    exponent = math.floor(-math.log10(max(chance, 1e-15)))
    return f"less than one in 10^{exponent}" if chance < 0.01 else f"{chance * 100:.0f} %"

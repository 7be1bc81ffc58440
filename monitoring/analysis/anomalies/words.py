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


def brief(look: Look) -> str:
    """Say what is unusual, as it follows the name of what it is about."""
    value, usual = _shown(look, look.value), _shown(look, look.expected)
    within, long = f"within {look.minutes} minutes", f"for {look.minutes} minutes"
    return {
        Measure.ERROR_RATE: f"failed in {value} of its runs {within}; usual is {usual} at most",
        Measure.ERROR_COUNT: f"failed {value} times {within}; usual is {usual} at most",
        Measure.LATENCY: f"took {value} ({look.what} {within}){_times(look)} usual {usual}",
        Measure.THROUGHPUT_DROP: f"ran {value} times {within}; usual is {usual}",
        Measure.THROUGHPUT_RISE: f"ran {value} times {within}{_times(look)} usual {usual}",
        Measure.QUEUE_LENGTH: f"held {value} messages or more {long}; usual is {usual} at most",
        Measure.QUEUE_AGE: f"held a message that was {value} old or older {long}; usual is {usual} at most",
    }[look.measure]


def say(look: Look, about: str, level: Level, hours: int, comparisons: int) -> str:
    """Say what is unusual, with what it was compared, and how likely that is.

    Args:
        look: What was found.
        about: Of what, as `subject` has it.
        level: With which hours it was compared.
        hours: How many those are.
        comparisons: How many comparisons this look made.
    """
    chance = f"By chance that is so in {_chance(look.chance)} of comparisons, of which this look made {comparisons:,}."
    return f"{about} {brief(look)} {_COMPARED[level]} (from {hours} hours). {chance}"


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

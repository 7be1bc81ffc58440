"""Choices in words."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.conf import Config

from .choice import DOCUMENTED, EXPLORED, LEARNED, NONE, Arm


def explain(error_type: str, arm: str, by: str, arms: Mapping[str, Arm], config: Config) -> str:
    """Say why an arm was chosen.

    Args:
        error_type: Of the case.
        arm: What was chosen.
        by: How: `documented`, `explored` or `learned`.
        arms: All arms.
        config: Has how many samples it takes.
    """
    if by == LEARNED:
        return _learned(error_type, arm, arms)
    if by == EXPLORED:
        return _explored(error_type, arm, arms, config)
    return _documented(error_type, arm, arms, config)


def seen(arm: str, arms: Mapping[str, Arm]) -> str:
    """Say what was seen of an arm, such as `7 of 8 cleared`."""
    one = arms[arm]
    return f"{one.cleared} of {one.samples} cleared" if one.samples else "never seen"


def _against(arm: str, arms: Mapping[str, Arm]) -> str:
    """Say what was seen of a strategy beside doing nothing, such as `7 of 8 cleared against 3 of 9 untreated`."""
    untreated = arms[NONE]
    if not untreated.samples:
        return f"{seen(arm, arms)}, and none untreated was seen"
    return f"{seen(arm, arms)} against {untreated.cleared} of {untreated.samples} untreated"


def _learned(error_type: str, arm: str, arms: Mapping[str, Arm]) -> str:
    if arm != NONE:
        return f"Tried {arm} for {error_type}: {_against(arm, arms)}{_latest(arm, arms)}."
    best = max((name for name in arms if name != NONE and arms[name].known), key=lambda name: arms[name].rate)
    return (
        f"Did nothing about {error_type}: {seen(NONE, arms)} untreated,"
        f" and with {best} {arms[best].cleared} of {arms[best].samples}{_latest(NONE, arms)}."
    )


def _latest(arm: str, arms: Mapping[str, Arm]) -> str:
    """Say it where a choice was not the likely one: what is uncertain is tried again."""
    chance = arms[arm].propensity
    return "" if chance >= 0.5 else f" (tried again by chance, {_percent(chance)})"


def _explored(error_type: str, arm: str, arms: Mapping[str, Arm], config: Config) -> str:
    chance = _percent(arms[arm].propensity)
    if arm == NONE:
        so_far = f"{seen(arm, arms)} untreated so far"
        return f"Did nothing about {error_type} for comparison, by chance ({chance}): {so_far}, {_needed(config)}."
    tried = f"Tried {arm} for {error_type} by chance ({chance}): {_against(arm, arms)}"
    return f"{tried}, to see whether that still holds." if arms[arm].known else f"{tried}, {_needed(config)}."


def _documented(error_type: str, arm: str, arms: Mapping[str, Arm], config: Config) -> str:
    said = f"Tried {arm}, the first in the documented order for {error_type}: {_against(arm, arms)}"
    if config.recovery_policy == DOCUMENTED:
        return f"{said}; the documented order is set."
    missing = [name for name in (arm, NONE) if not arms[name].known]
    if not missing:
        return f"{said}."
    names = " and ".join("untreated" if name == NONE else f"with {name}" for name in missing)
    return f"{said}; {config.recovery_samples} cases {names} are needed before what was seen decides."


def _needed(config: Config) -> str:
    return f"and {config.recovery_samples} cases are needed"


def _percent(chance: float) -> str:
    return f"{chance:.0%}" if chance >= 0.01 else "under 1%"

"""What to do about the patterns of errors: each recommendation says why, and cites what it was concluded from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from monitoring.classification.kinds import ErrorType
from monitoring.errors.groups.models import GroupStatus

from .patterns import OPEN, Pattern, Patterns

_DOMINANT, _ENOUGH = 0.3, 5
_MOST = 10
_ADVICE: dict[str, str] = {
    ErrorType.TIMEOUT_ERROR: "find what is slow there (slow samples, queries) before the limit is raised",
    ErrorType.DATABASE_ERROR: "compare it with the database's health and its connections at that time",
    ErrorType.NETWORK_ERROR: "put a circuit around the call, and a fallback where there is one",
    ErrorType.EXTERNAL_SERVICE_ERROR: "put a circuit around the call, and a fallback where there is one",
    ErrorType.RESOURCE_ERROR: "look at the memory and the disk of the workers it happened in",
    ErrorType.RATE_LIMIT_ERROR: "slow down what calls, or ask for a higher limit",
    ErrorType.CONFIGURATION_ERROR: "compare the settings of the release it began in with those before",
    ErrorType.VALIDATION_ERROR: "look at what is sent: a form or client that does not know the rules",
    ErrorType.SECURITY_ERROR: "look at who it was: the same clients may have tried elsewhere",
}
"""What to look at first, by kind of trouble."""

Recommendation = dict[str, Any]


def recommend(patterns: Patterns) -> list[Recommendation]:
    """Return what to do, the most pressing first; nothing where nothing stands out.

    Args:
        patterns: Of the time that is looked at.

    Returns:
        For each its `kind`, the `recommendation` in a sentence, and the `evidence`: numbers, and ids of groups.
    """
    found: list[Recommendation] = []
    told = set[int]()
    for rule in _RULES:
        for pattern in patterns.most:
            about = rule(pattern, patterns)
            if about is not None and pattern.group.pk not in told:
                told.add(pattern.group.pk)
                found.append(about)
    return found[:_MOST]


def _regressed(pattern: Pattern, patterns: Patterns) -> Recommendation | None:
    group = pattern.group
    if group.status != GroupStatus.REGRESSED:
        return None
    release = f" in release {group.last_release}" if group.last_release else ""
    said = f"{_title(pattern)} was resolved and is back{release}: look at what was changed since."
    return _made("regression", said, pattern, patterns)


def _begun(pattern: Pattern, patterns: Patterns) -> Recommendation | None:
    group = pattern.group
    if not pattern.new or group.status not in OPEN or pattern.count < _ENOUGH:
        return None
    release = f", first in release {group.first_release}" if group.first_release else ""
    said = f"{_title(pattern)} is new since {group.first_seen:%Y-%m-%d %H:%M} UTC{release}: {_advice(pattern)}."
    return _made("new", said, pattern, patterns)


def _rising(pattern: Pattern, patterns: Patterns) -> Recommendation | None:
    if pattern.direction != "rising" or pattern.group.status not in OPEN or pattern.count < _ENOUGH:
        return None
    before = f"{pattern.before} before" if pattern.before else "none before"
    said = f"{_title(pattern)} is rising: {pattern.count} in {_time(patterns)}, {before}; {_advice(pattern)}."
    return _made("rising", said, pattern, patterns)


def _dominant(pattern: Pattern, patterns: Patterns) -> Recommendation | None:
    if pattern.share < _DOMINANT or pattern.count < _ENOUGH or pattern.group.status not in OPEN:
        return None
    said = (
        f"{_title(pattern)} makes {pattern.share:.0%} of all errors ({pattern.count} of {patterns.total}): "
        f"mend it first; {_advice(pattern)}."
    )
    return _made("dominant", said, pattern, patterns)


_RULES: tuple[Callable[[Pattern, Patterns], Recommendation | None], ...] = (_regressed, _begun, _rising, _dominant)
"""The most pressing first; of a pattern only the first that applies is said."""


def _advice(pattern: Pattern) -> str:
    group = pattern.group
    where = f"begin at {group.culprit}" if group.culprit else f"begin at {group.name or 'the newest of its errors'}"
    return _ADVICE.get(group.category, where)


def _title(pattern: Pattern) -> str:
    return f"“{pattern.group.title or pattern.group.error_type}”"


def _time(patterns: Patterns) -> str:
    return "the last hour" if patterns.hours == 1 else f"the last {patterns.hours} hours"


def _made(kind: str, said: str, pattern: Pattern, patterns: Patterns) -> Recommendation:
    return {"kind": kind, "recommendation": said, "evidence": dict(_evidence(pattern, patterns))}


def _evidence(pattern: Pattern, patterns: Patterns) -> Iterator[tuple[str, Any]]:
    yield "group", pattern.group.pk
    yield "count", pattern.count
    yield "before", pattern.before
    yield "share", round(pattern.share, 4)
    yield "chance", pattern.chance
    yield "since", patterns.since.isoformat().replace("+00:00", "Z")
    yield "hours", patterns.hours

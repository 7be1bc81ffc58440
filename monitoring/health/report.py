"""What is said of the platform's health, and how it looks in JSON. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from monitoring.component import Status, worst

from .snapshot import Part

REDIS = "redis"
EVALUATOR = "evaluator"
_FORMAT_STATUS = {Status.HEALTHY: "pass", Status.DEGRADED: "warn", Status.UNHEALTHY: "fail"}


@dataclass(frozen=True)
class Seen:
    """What a process sees of the evaluation, in seconds of its own monotonic clock.

    Attributes:
        age: Since the snapshot last changed; None while there was none.
        silence: Since Redis last answered, or since it was first asked.
        following: Since this process began to ask.
    """

    age: float | None
    silence: float
    following: float


@dataclass(frozen=True)
class Limits:
    """How much of that is all right.

    Attributes:
        stale: Seconds after which a snapshot that does not change means that the evaluator is dead.
        silence: Seconds without an answer after which Redis counts as away.
        grace: Seconds in which components may be missing.
    """

    stale: float
    silence: float
    grace: float


def judge(known: Mapping[str, Part], expected: Sequence[str], seen: Seen, limits: Limits) -> dict[str, Part]:
    """Return what can be said of every component now.

    Args:
        known: What the last snapshot says, or what this process found out by itself while there is none.
        expected: The components that are configured, in the order in which they are shown.
        seen: What this process sees of the evaluation.
        limits: How much of that is all right.
    """
    away = seen.silence > limits.silence
    evaluator = _evaluator(seen, limits, away=away)
    dead = evaluator.status is Status.UNHEALTHY
    shown = {name: known.get(name) or _missing(seen, limits, away=away) for name in expected}
    shown |= {name: part for name, part in known.items() if name not in shown}
    if dead or away:
        shown = {name: _outdated(part) for name, part in shown.items()}
    if away:
        shown[REDIS] = Part(Status.UNHEALTHY, "Redis does not answer this process")
    return shown | {EVALUATOR: evaluator}


def _evaluator(seen: Seen, limits: Limits, *, away: bool) -> Part:
    if away:
        return Part(Status.DEGRADED, "Unknown, because Redis does not answer")
    where = "It runs in Celery: look at beat, and at the workers of the queue monitoring"
    if seen.age is None:
        if seen.following <= limits.grace:
            return Part(Status.DEGRADED, "No evaluation has been seen yet")
        return Part(Status.UNHEALTHY, f"The health evaluator is dead: it has never published a result. {where}")
    if seen.age > limits.stale:
        return Part(Status.UNHEALTHY, f"The health evaluator is dead: no new result for {seen.age:.0f} s. {where}")
    return Part(Status.HEALTHY, f"Last evaluated {seen.age:.0f} s ago")


def _missing(seen: Seen, limits: Limits, *, away: bool) -> Part:
    if away or seen.following <= limits.grace:
        return Part(Status.DEGRADED, "Not checked yet")
    return Part(Status.UNHEALTHY, f"Not checked within {limits.grace:.0f} s")


def _outdated(part: Part) -> Part:
    """Do not repeat as a fact that a component is healthy when nobody looks any more."""
    if part.status is not Status.HEALTHY:
        return part
    return Part(Status.DEGRADED, f"Not known any more; last: {part.message}", checked=part.checked, since=part.since)


def document(parts: Mapping[str, Part], now: float) -> dict[str, Any]:
    """Return the documented JSON, for anyone to read.

    Args:
        parts: Every component.
        now: Seconds since the epoch.
    """
    return {"status": overall(parts).value, "timestamp": timestamp(now), "checks": checks(parts)}


def checks(parts: Mapping[str, Part]) -> dict[str, dict[str, Any]]:
    """Return what anyone may read of every component."""
    return {name: {"status": part.status.value, "message": part.message, **part.public} for name, part in parts.items()}


def detailed(parts: Mapping[str, Part]) -> dict[str, Any]:
    """Return the same for admins: with figures and times, without a timestamp of its own."""
    shown: dict[str, dict[str, Any]] = checks(parts)
    for name, part in parts.items():
        shown[name] |= {"details": part.details}
        times = {"checked": part.checked, "since": part.since}
        shown[name] |= {key: timestamp(moment) for key, moment in times.items() if moment is not None}
    return {"status": overall(parts).value, "checks": shown}


def health_json(parts: Mapping[str, Part], *, service: str, release: str) -> dict[str, Any]:
    """Return the format `application/health+json` of the IETF's draft."""
    shown: dict[str, list[dict[str, Any]]] = {}
    for name, part in parts.items():
        one: dict[str, Any] = {"componentId": name, "status": _FORMAT_STATUS[part.status]}
        if part.checked is not None:
            one["time"] = timestamp(part.checked)
        if part.status is not Status.HEALTHY:
            one["output"] = part.message
        shown[name] = [one]
    found: dict[str, Any] = {"status": _FORMAT_STATUS[overall(parts)], "serviceId": service}
    return found | ({"releaseId": release} if release else {}) | {"checks": shown}


def overall(parts: Mapping[str, Part]) -> Status:
    """Return the status of the whole: that of the worst component."""
    return worst([part.status for part in parts.values()])


def timestamp(seconds: float) -> str:
    """Write a moment in seconds since the epoch as ISO 8601, in UTC."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

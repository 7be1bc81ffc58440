"""Raise a timeout that ran out: a named one of the code, a database's statement timeout, or a task's time limits.

Each is raised only where code or settings have offered it, and up to the most that they gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from monitoring.recovery import effects
from monitoring.recovery.effects.acknowledging import Wanted
from monitoring.stream.heartbeats import Heartbeat

from . import in_force
from .base import Applied, Case, Order, Plan, Reach, RefusedError, Seen, Site, Strategy

_KIND = "timeout"
_SECONDS = 900.0
_HTTP, _DATABASE, _TASK = "http", "database", "task"
_STATEMENT = ("statement timeout", "querycanceled")
_LIMITS = ("timelimitexceeded",)
_RAN_OUT = ("timeout", "timed out", "time limit", "timelimit", "deadline exceeded")


class _Offer(NamedTuple):
    """A timeout that can be raised, in seconds: as it is, and at most."""

    of: str
    name: str
    current: float
    most: float
    limits: Mapping[str, float]

    @property
    def key(self) -> str:
        return f"{self.of}:{self.name}"


class TimeoutIncrease(Strategy):
    """Which timeout is meant follows from what the error was inside of, from its text, or from its task."""

    name = "timeout_increase"
    label = "Timeout Increase"
    reach = Reach.HARMLESS
    success_rate = 0.65
    defaults = {"current_timeout_ms": 5000, "new_timeout_ms": 15000, "increment_percent": 200}

    def plan(self, case: Case, site: Site) -> Plan:
        """See whether a timeout ran out that can be raised."""
        offer = _offer(case, site)
        factor = 1 + self.defaults["increment_percent"] / 100
        new = min(offer.current * factor, offer.most)
        if new <= offer.current:
            raise RefusedError(f"The timeout {offer.key} is {offer.current:g} s, the most that it may be.")
        limits = {name: min(limit * factor, offer.most) for name, limit in offer.limits.items()}
        return Plan(
            target=f"timeout:{case.service}:{offer.key}",
            parameters={
                "current_timeout_ms": round(offer.current * 1000),
                "new_timeout_ms": round(new * 1000),
                "increment_percent": round((new / offer.current - 1) * 100),
                "timeout": offer.key,
                "limits": limits,
            },
            says=f"Raise the timeout {offer.key} from {offer.current:g} to {new:g} s for {_SECONDS / 60:g} minutes.",
            seconds=_SECONDS,
        )

    def apply(self, order: Order, site: Site) -> Applied:
        """Have the processes go by the new one."""
        wanted = order.plan.parameters
        key, new = str(wanted["timeout"]), wanted["new_timeout_ms"] / 1000
        value = {"seconds": new, **wanted["limits"]}
        effects.put(_KIND, key, value, order, alias=site.alias, seconds=order.plan.seconds)
        before = wanted["current_timeout_ms"] / 1000
        return Applied(f"The timeout {key} is {new:g} s now.", {"timeout": key}, {"before": before, "after": new})

    def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen:  # noqa: ARG002  # all are called alike
        """See whether all who have this timeout go by the new one."""
        return in_force.seen(order, site, _having(str(order.plan.parameters["timeout"])))

    def undo(self, order: Order, undo: Mapping[str, Any], site: Site) -> str:
        """Go by the old one again."""
        ended = in_force.end(order, site, self.name)
        return f"The timeout {undo['timeout']} is as before." if ended else "That was over already."


def _offer(case: Case, site: Site) -> _Offer:
    """Return the timeout that ran out.

    Raises:
        RefusedError: None did, or none that could be raised.
    """
    text = f"{case.exception_type} {case.error_type} {case.message}".lower()
    if not any(word in text for word in _RAN_OUT + _STATEMENT):
        raise RefusedError("Nothing says that a timeout ran out: a longer one would not help.")
    living = effects.living(site, case.service)
    if any(word in text for word in _STATEMENT):
        return _of_database(case, living)
    if case.dependency:
        found = _best(living, _HTTP, case.dependency)
        if found is None:
            raise RefusedError(f"No process has offered a timeout {case.dependency!r} that may be raised.")
        return found
    if any(word in text for word in _LIMITS):
        found = _best(living, _TASK, case.name)
        if found is None:
            raise RefusedError(f"No prefork worker has time limits of {case.name} that may be raised.")
        return found
    raise RefusedError("It is not known which timeout ran out: the error was inside of none that has a name.")


def _of_database(case: Case, living: list[Heartbeat]) -> _Offer:
    named = case.facts.get("database")
    aliases = {alias for one in living for alias in in_force.told(one, f"{_DATABASE}_timeouts")}
    if isinstance(named, str):
        aliases &= {named}
    offers = [found for alias in sorted(aliases) if (found := _best(living, _DATABASE, alias)) is not None]
    if len(offers) == 1:
        return offers[0]
    if offers:
        raise RefusedError("Several databases have statement timeouts; the error does not say which one ran out.")
    told = (in_force.told(one, f"{_DATABASE}_timeouts").get(alias) for one in living for alias in sorted(aliases))
    reasons = [str(one["refusal"]) for one in told if isinstance(one, dict) and one.get("refusal")]
    raise RefusedError(reasons[0] if reasons else "No statement timeout may be raised: STATEMENT_TIMEOUTS names none.")


def _best(living: list[Heartbeat], of: str, name: str) -> _Offer | None:
    """Return what processes say of a timeout: the highest, where code differs between them."""
    offers = [found for one in living if (found := _read(one, of, name)) is not None]
    return max(offers, key=lambda offer: (offer.most, offer.current)) if offers else None


def _read(one: Heartbeat, of: str, name: str) -> _Offer | None:
    said = in_force.told(one, f"{of}_timeouts").get(name)
    if not isinstance(said, dict):
        return None
    numbers = {key: float(value) for key, value in said.items() if isinstance(value, int | float)}
    limits = {key: numbers[key] for key in ("soft", "hard") if key in numbers}
    current = numbers.get("default") or limits.get("soft") or limits.get("hard")
    most = numbers.get("most")
    return _Offer(of, name, current, most, limits) if current and most else None


def _having(key: str) -> Wanted:
    of, _, name = key.partition(":")

    def wanted(one: Heartbeat) -> str | None:
        return None if _read(one, of, name) is not None else f"It has no timeout {key}."

    return wanted

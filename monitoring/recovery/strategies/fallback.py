"""Have the alternative that code has registered called at once, instead of what fails: degraded mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitoring.recovery import effects
from monitoring.recovery.effects.acknowledging import Wanted
from monitoring.stream.heartbeats import Heartbeat

from . import in_force
from .base import Applied, Case, Order, Plan, Reach, RefusedError, Seen, Site, Strategy

_KIND = "degraded"
_SECONDS = 600.0


class Fallback(Strategy):
    """It needs an alternative that code has registered under the name of what the error was inside of."""

    name = "fallback"
    label = "Fallback"
    reach = Reach.HARMLESS
    success_rate = 0.95
    defaults = {"fallback_service": "laravel", "fallback_mode": "degraded"}

    def plan(self, case: Case, site: Site) -> Plan:
        """See whether there is an alternative to what failed."""
        names = [name for name in (case.facts.get("fallback"), case.dependency) if isinstance(name, str) and name]
        if not names:
            raise RefusedError("The error was inside of nothing that has an alternative.")
        for name in names:
            if effects.targets(site, case.service, _having(name)):
                return _plan(case, name)
        raise RefusedError(f"No process that lives has registered an alternative to {names[-1]!r}.")

    def apply(self, order: Order, site: Site) -> Applied:
        """Put the alternative in force."""
        name = str(order.plan.parameters["fallback_service"])
        effects.put(_KIND, name, {"mode": "degraded"}, order, alias=site.alias, seconds=order.plan.seconds)
        return Applied(f"The alternative to {name} is called at once.", {"fallback": name})

    def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen:  # noqa: ARG002  # all are called alike
        """See whether all who have the alternative call it."""
        return in_force.seen(order, site, _having(str(order.plan.parameters["fallback_service"])))

    def undo(self, order: Order, undo: Mapping[str, Any], site: Site) -> str:
        """Have what it stands in for called first again."""
        ended = in_force.end(order, site, self.name)
        return f"{undo['fallback']} is called first again." if ended else "That was over already."


def _plan(case: Case, name: str) -> Plan:
    return Plan(
        target=f"fallback:{case.service}:{name}",
        parameters={"fallback_service": name, "fallback_mode": "degraded"},
        says=f"Call the alternative to {name} at once for {_SECONDS / 60:g} minutes.",
        seconds=_SECONDS,
    )


def _having(name: str) -> Wanted:
    def wanted(one: Heartbeat) -> str | None:
        can = one.state.get("can")
        names = can.get("fallbacks") if isinstance(can, dict) else None
        return None if isinstance(names, list) and name in names else f"It has no alternative to {name}."

    return wanted

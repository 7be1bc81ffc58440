"""Restart what hangs or leaks: web processes that their server replaces, or the workers of a task's queue.

Processes leave by themselves after what they are doing, a third of them at most at a time. Who would not be started
anew is left alone. What happened cannot be taken back, and is done when nothing of the old remains.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from monitoring.recovery import effects
from monitoring.recovery.effects.models import Effect
from monitoring.stream.heartbeats import Heartbeat

from . import in_force
from .base import Applied, Case, Order, Plan, Reach, RefusedError, Seen, Site, Strategy

_KIND = "restart"
_SHARE = 3
_MOST = 500
_GRACE_SECONDS = 60.0


class _Place(NamedTuple):
    """Processes that are restarted together.

    Attributes:
        key: Of the effect: `web:<service>` or `worker:<node>`.
        instances: What tells them from all others.
        pool: Whether it is the pool of a worker that restarts; its processes.
        pids: Numbers of the pool's processes.
    """

    key: str
    instances: tuple[str, ...]
    pool: bool = False
    pids: tuple[int, ...] = ()


class ServiceRestart(Strategy):
    """An error in a task means the workers of its queue; any other one the web processes of the service."""

    name = "service_restart"
    label = "Service Restart"
    reach = Reach.WIDE
    success_rate = 0.88
    defaults = {"graceful": True, "timeout_seconds": 30, "health_check": True}
    takes = 600.0

    def plan(self, case: Case, site: Site) -> Plan:
        """See who would leave, and that somebody starts them anew."""
        places = _workers(case, site) if case.task_id or case.kind == "task" else _web(case, site)
        count = sum(len(place.instances) for place in places)
        if count > _MOST:
            raise RefusedError(f"{count} processes are more than can be restarted at a time ({_MOST}).")
        each = float(self.defaults["timeout_seconds"])
        waves = math.ceil(count / max(count // _SHARE, 1))
        pools = [place for place in places if place.pool]
        what = (
            f"the pools of {len(pools)} workers" if pools else f"{count} processes, a third of them at most at a time"
        )
        return Plan(
            target=f"restart:{case.service}:{','.join(place.key for place in places)}"[:200],
            parameters={
                **self.defaults,
                "places": [{**place._asdict(), "instances": list(place.instances)} for place in places],
            },
            says=f"Restart {what}, each after what it is doing.",
            seconds=min(waves * each + _GRACE_SECONDS, self.takes),
        )

    def apply(self, order: Order, site: Site) -> Applied:
        """Have them leave in turn."""
        wanted = order.plan.parameters
        places = wanted["places"]
        count = sum(len(place["instances"]) for place in places)
        shared = {"slots": str(order.id), "of": count, "seconds": wanted["timeout_seconds"]}
        for place in places:
            value = {**shared, "instances": place["instances"], "pool": place["pool"]}
            effects.put(_KIND, place["key"], value, order, alias=site.alias, seconds=order.plan.seconds)
        return Applied(f"{count} processes were told to restart in turn.", facts={"told": count})

    def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen:  # noqa: ARG002  # all are called alike
        """See whether nothing of the old remains, and others have come."""
        row = in_force.row_of(order, site.alias)
        if row is None:
            return Seen(False, "No process was told.")
        living = effects.living(site, order.case.service)
        rows = list(Effect.objects.using(site.alias).filter(action_id=order.id))
        refused = [reason for one in living for row in rows if (reason := _refusal(one, row))]
        if refused:
            return Seen(False, f"It was refused: {refused[0]}", {"refused": len(refused)})
        left, fresh = 0, 0
        for place in order.plan.parameters["places"]:
            old, new = _count(place, living)
            left, fresh = left + old, fresh + new
        facts = {"left": left, "fresh": fresh}
        if not left and fresh:
            return Seen(True, f"All have ended, and {fresh} new ones say that they live.", facts)
        over = row.ended is not None or (row.expires is not None and datetime.now(UTC) >= row.expires)
        if over:
            return Seen(False, f"{left} of the old ones still live, {fresh} new ones say so.", facts)
        return Seen(None, f"{left} have not ended yet; {fresh} new ones live.", facts)

    def undo(self, order: Order, undo: Mapping[str, Any], site: Site) -> str:
        """Let those stay that have not left yet; the others cannot be called back."""
        del undo
        ended = in_force.end(order, site, self.name)
        return "Who has not left yet stays." if ended else "That was over already."


def _web(case: Case, site: Site) -> list[_Place]:
    """Return the web processes of a service.

    Raises:
        RefusedError: There are none, or some of them would not be started anew.
    """
    found = [one for one in effects.living(site, case.service) if one.kind == "web"]
    if not found:
        raise RefusedError(f"No web process of {case.service} is known to live.")
    alone = [one for one in found if not one.state.get("supervised")]
    if alone:
        name = effects.process_name(alone[0])
        raise RefusedError(
            f"{len(alone)} of {len(found)} web processes have no gunicorn that starts them anew ({name})."
        )
    return [_Place(f"web:{case.service}", tuple(sorted(one.instance for one in found)))]


def _workers(case: Case, site: Site) -> list[_Place]:
    """Return the workers that consume a task's queue: their pools where those can restart, else they themselves.

    Raises:
        RefusedError: There are none, or some would neither restart their pool nor be started anew.
    """
    found = [
        one
        for one in effects.living(site, case.service)
        if one.kind == "worker" and (not case.queue or case.queue in (one.state.get("queues") or []))
    ]
    if not found:
        raise RefusedError(f"No worker that consumes {case.queue or 'the queue'} is known to live.")
    places = []
    for one in sorted(found, key=lambda one: one.node):
        can = one.state.get("can")
        if isinstance(can, dict) and can.get("pool_restart") is True:
            pids = tuple(pid for pid in one.state.get("processes") or () if isinstance(pid, int))
            places.append(_Place(f"worker:{one.node}", (one.instance,), True, pids))
        elif one.state.get("supervised"):
            places.append(_Place(f"worker:{one.node}", (one.instance,)))
        else:
            raise RefusedError(
                f"{one.node} would not come back: it is not known to be supervised (SUPERVISED), and its pool cannot "
                "restart (prefork with worker_pool_restarts)."
            )
    return places


def _refusal(one: Heartbeat, row: Effect) -> str:
    said = one.state.get("effects")
    return str(said.get(str(row.pk)) or "") if isinstance(said, dict) else ""


def _count(place: Mapping[str, Any], living: list[Heartbeat]) -> tuple[int, int]:
    """Return how many of the old ones of a place still live, and how many new ones."""
    kind, _, name = str(place["key"]).partition(":")
    here = [one for one in living if one.kind == kind and (kind == "web" or one.node == name)]
    if place["pool"]:
        now = {pid for one in here for pid in one.state.get("processes") or () if isinstance(pid, int)}
        before = set(place["pids"])
        return len(now & before), len(now - before)
    old = set(place["instances"])
    return sum(one.instance in old for one in here), sum(one.instance not in old for one in here)

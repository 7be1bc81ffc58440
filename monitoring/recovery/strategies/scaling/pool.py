"""Grow the pool of a worker, through the machinery of *Jobs*, which looks whether it grew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celery.app import app_or_default

from monitoring.jobs.actions import kind as actions
from monitoring.jobs.actions.carry_out import Desk, Requester, Wish, carry_out
from monitoring.jobs.actions.models import Action
from monitoring.jobs.actions.outcomes import ActionError, State
from monitoring.jobs.actions.scale import Scale, Scaling
from monitoring.recovery.strategies.base import Applied, Order, Plan, RefusedError, Seen, Site
from monitoring.recovery.strategies.crew import at_work
from monitoring.stream.heartbeats import Heartbeat

from . import growing

_BY = Requester(user_id="recovery", user="recovery")
_EFFECT = {State.DONE: True, State.UNKNOWN: None, State.REQUESTED: None, State.PERFORMING: None}


def plan(queue: str, factor: float, site: Site) -> Plan:
    """See which worker of a queue can have more processes, and how many.

    Raises:
        RefusedError: None can.
    """
    with at_work(site) as there:
        node = _smallest(queue, there.workers)
        before = _size(node, there)
    target = f"pool:{node}"
    first = growing.first_of(target, before, site.alias)
    size = growing.wanted(before, first, factor, growing.limits()[0])
    return Plan(
        target=target,
        parameters={
            "resource_type": "processes",
            "scale_factor": factor,
            "auto_scale": True,
            "worker": node,
            "current": before,
            "new": size,
            "first": first,
        },
        says=f"Grow the pool of {node} from {before} to {size} for {growing.SECONDS / 3600:g} h.",
        seconds=growing.SECONDS,
    )


def apply(order: Order, site: Site) -> Applied:
    """Grow it, once, whoever carried this order out before."""
    wanted = order.plan.parameters
    node, before = str(wanted["worker"]), int(wanted["current"])
    with at_work(site) as there:
        unchanged = _size(node, there) == before
    if not unchanged and _action(order, site) is None:
        raise RefusedError(f"The pool of {node} has changed its size meanwhile.")
    action = _carry_out(node, int(wanted["new"]) - before, str(order.id), site)
    if _EFFECT.get(State(action.told_state()), False) is False:
        raise RefusedError(action.told_detail())
    after = action.facts.get("after", wanted["new"])
    facts = {"before": before, "after": after, "first": wanted["first"]}
    return Applied(action.told_detail(), undo={"before": before, "after": after}, facts=facts)


def seen(order: Order, applied: Applied | None, site: Site) -> Seen:  # noqa: ARG001  # all are called alike
    """Tell what was seen of the pool after it was told to grow."""
    action = _action(order, site)
    if action is None:
        return Seen(False, "The worker was not told.")
    facts = {**action.facts, "first": order.plan.parameters["first"]}
    return Seen(_EFFECT.get(State(action.told_state()), False), action.told_detail(), facts)


def undo(order: Order, undo: Mapping[str, Any], site: Site) -> str:
    """Shrink it to what it was, unless its size is another one by now."""
    done = order.plan.parameters
    node, before, after = str(done["worker"]), int(done["current"]), int(undo.get("after", done["new"]))
    with at_work(site) as there:
        size = _size(node, there)
    if size == before:
        return f"The pool of {node} is {before} already."
    if size != after:
        return f"The pool of {node} is {size} by now, neither {before} nor {after}; it is left as it is."
    action = _carry_out(node, before - after, None, site)
    if _EFFECT.get(State(action.told_state()), False) is False:
        raise RefusedError(action.told_detail())
    return action.told_detail()


def _smallest(queue: str, workers: Mapping[str, Heartbeat]) -> str:
    """Return the worker of a queue that has the fewest processes, of those that can have more."""
    consuming = [one for one in workers.values() if one.alive and queue in (one.state.get("queues") or ())]
    if not consuming:
        raise RefusedError(f"No worker that lives consumes from {queue}.")
    reasons = {one.node: Scale().capable(one) for one in consuming}
    able = [one for one in consuming if reasons[one.node] is None]
    if not able:
        raise RefusedError(" ".join(reason for reason in reasons.values() if reason))
    return min(able, key=lambda one: (int(one.state.get("concurrency") or 0), one.node)).node


def _size(node: str, there: actions.Site) -> int:
    """Return the size of a pool, as the worker itself tells."""
    return int(Scale().look(node, Scaling(by=1), there)["before"])


def _carry_out(node: str, by: int, key: str | None, site: Site) -> Action:
    try:
        return carry_out(Wish(Scale(), node, Scaling(by), _BY, key), Desk(app_or_default(), site.config))
    except ActionError as error:
        raise RefusedError(str(error)) from error


def _action(order: Order, site: Site) -> Action | None:
    return Action.objects.using(site.alias).filter(user_id=_BY.user_id, key=str(order.id)).first()

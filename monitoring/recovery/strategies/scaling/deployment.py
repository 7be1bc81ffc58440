"""Scale a Deployment: absolute numbers of replicas, each change by the version that was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitoring.conf import Config
from monitoring.recovery.strategies.base import Applied, Case, Order, Plan, RefusedError, Seen, Site

from . import growing
from .kubernetes import AwayError, Cluster, ConflictError, Scale

_ATTEMPTS = 3


def named(case: Case, config: Config) -> str | None:
    """Return the Deployment that serves what failed, as the settings have it."""
    deployments = config.kubernetes_deployments
    return deployments.get(f"queue:{case.queue}") if case.queue else deployments.get(case.service)


def plan(name: str, factor: float, site: Site) -> Plan:
    """See how far it can be scaled.

    Raises:
        RefusedError: It cannot.
    """
    cluster = Cluster(site.config)
    try:
        scale, autoscaler = cluster.scale(name), cluster.autoscaler_of(name)
    except AwayError as error:
        raise RefusedError(str(error)) from error
    if autoscaler is not None:
        raise RefusedError(f"The autoscaler {autoscaler} decides on the scale of the Deployment {name}.")
    if scale.wanted == 0:
        raise RefusedError(f"Somebody scaled the Deployment {name} to nothing.")
    if scale.made < scale.wanted:
        raise RefusedError(f"Of the Deployment {name} only {scale.made} of {scale.wanted} replicas were made yet.")
    target = f"deployment:{cluster.namespace}:{name}"
    first = growing.first_of(target, scale.wanted, site.alias)
    size = growing.wanted(scale.wanted, first, factor, growing.limits()[0])
    return Plan(
        target=target,
        parameters={
            "resource_type": "replicas",
            "scale_factor": factor,
            "auto_scale": True,
            "deployment": name,
            "current": scale.wanted,
            "new": size,
            "first": first,
        },
        says=f"Scale the Deployment {name} from {scale.wanted} to {size} replicas, for {growing.SECONDS / 3600:g} h.",
        seconds=growing.SECONDS,
    )


def apply(order: Order, site: Site) -> Applied:
    """Scale it; with as many replicas as wanted already, it is left as it is."""
    wanted = order.plan.parameters
    name, current, new = str(wanted["deployment"]), int(wanted["current"]), int(wanted["new"])
    facts = {"before": current, "after": new, "first": wanted["first"]}
    undo = {"before": current, "after": new}
    cluster = Cluster(site.config)
    try:
        found = cluster.scale(name)
    except AwayError as error:
        raise RefusedError(str(error)) from error
    if found.wanted != new:
        try:
            if not _change(cluster, name, found, (current, new)):
                raise RefusedError(f"Somebody else has scaled the Deployment {name} meanwhile.")
        except AwayError as error:
            return Applied(f"{error} Whether the Deployment {name} was scaled is not known yet.", undo, facts)
    return Applied(f"The Deployment {name} was scaled from {current} to {new} replicas.", undo, facts)


def seen(order: Order, applied: Applied | None, site: Site) -> Seen:  # noqa: ARG001  # all are called alike
    """See whether the replicas were made."""
    wanted = order.plan.parameters
    name, new = str(wanted["deployment"]), int(wanted["new"])
    try:
        scale = Cluster(site.config).scale(name)
    except AwayError as error:
        return Seen(None, str(error))
    facts = {"before": wanted["current"], "after": scale.wanted, "first": wanted["first"], "made": scale.made}
    if scale.wanted != new:
        return Seen(False, f"The Deployment {name} wants {scale.wanted} replicas, not {new}.", facts)
    says = f"{scale.made} of {new} replicas of the Deployment {name} were made."
    return Seen(True if scale.made >= new else None, says, facts)


def undo(order: Order, undo: Mapping[str, Any], site: Site) -> str:  # noqa: ARG001  # the order tells all
    """Scale it back, unless somebody else has changed it since."""
    done = order.plan.parameters
    name, before, after = str(done["deployment"]), int(done["current"]), int(done["new"])
    cluster = Cluster(site.config)
    try:
        found = cluster.scale(name)
        if found.wanted == before:
            return f"The Deployment {name} has {before} replicas already."
        if _change(cluster, name, found, (after, before)):
            return f"The Deployment {name} was scaled back from {after} to {before} replicas."
    except AwayError as error:
        raise RefusedError(str(error)) from error
    return f"Somebody else has scaled the Deployment {name} since; it is left as it is."


def _change(cluster: Cluster, name: str, found: Scale, way: tuple[int, int]) -> bool:
    """Scale from one number to another; return False where it does not have that one, or changes all the time."""
    before, after = way
    for _ in range(_ATTEMPTS):
        if found.wanted != before:
            return found.wanted == after
        try:
            cluster.change(name, found, after)
        except ConflictError:  # its status changes, too, as pods come and go
            found = cluster.scale(name)
        else:
            return True
    return False

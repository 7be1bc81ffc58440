"""Add capacity: replicas of a Deployment in Kubernetes where it is said which, else processes of a worker's pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from .base import Applied, Case, Order, Plan, Reach, RefusedError, Seen, Site, Strategy
from .scaling import deployment, pool
from .scaling.growing import limits

_MEMORY = frozenset({"MemoryError", "OutOfMemoryError"})


class ResourceScale(Strategy):
    """What was added serves for an hour; where it is still needed then, errors ask for it again."""

    name = "resource_scale"
    label = "Resource Scale"
    reach = Reach.WIDE
    success_rate = 0.80
    defaults = {"resource_type": "cpu", "scale_factor": 1.5, "auto_scale": True}
    transactional = False
    takes = 300.0

    def plan(self, case: Case, site: Site) -> Plan:
        """See what can be scaled, and how far."""
        if not limits()[1]:
            raise RefusedError("AUTO_SCALE_ON_ERROR is off: nothing is scaled.")
        factor = float(self.defaults["scale_factor"])
        named = deployment.named(case, site.config)
        if named is not None:
            return deployment.plan(named, factor, site)
        if not case.queue:
            raise RefusedError(f"KUBERNETES_DEPLOYMENTS names no Deployment of {case.service}, and no task failed.")
        if case.error_type in _MEMORY:
            raise RefusedError("More processes on the same host would take more of the memory that is short.")
        return pool.plan(case.queue, factor, site)

    def apply(self, order: Order, site: Site) -> Applied:
        """Scale it."""
        return _of(order).apply(order, site)

    def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen:
        """See whether it has the size."""
        return _of(order).seen(order, applied, site)

    def undo(self, order: Order, undo: Mapping[str, Any], site: Site) -> str:
        """Scale it back, unless somebody else has changed it since."""
        return _of(order).undo(order, undo, site)


class _Scaled(Protocol):
    """A module that scales one kind of resource."""

    def apply(self, order: Order, site: Site) -> Applied: ...
    def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen: ...
    def undo(self, order: Order, undo: Mapping[str, Any], site: Site) -> str: ...


def _of(order: Order) -> _Scaled:
    """Return what scales the resource of an order."""
    if "deployment" in order.plan.parameters:
        return deployment
    return pool

"""What strategies that put an effect have in common: how it is seen, and how it is taken back."""

from __future__ import annotations

from typing import Any

from monitoring.recovery import effects
from monitoring.recovery.effects.acknowledging import Wanted
from monitoring.recovery.effects.models import Effect
from monitoring.stream.heartbeats import Heartbeat

from .base import Order, Seen, Site


def row_of(order: Order, alias: str) -> Effect | None:
    """Return the effect that an order has put, the first of several."""
    return Effect.objects.using(alias).filter(action_id=order.id).order_by("key").first()


def seen(order: Order, site: Site, wanted: Wanted, facts: dict[str, Any] | None = None) -> Seen:
    """Say whether the processes that an order's effect is meant for applied it.

    Args:
        order: What was to be done.
        site: Where.
        wanted: Returns None for a process that it is meant for, else why it is not.
        facts: What else is known.
    """
    row = row_of(order, site.alias)
    if row is None or row.ended is not None:
        return Seen(False, "It does not stand." if row is not None else "No process was told.")
    said = effects.acknowledgement(row, site, wanted)
    return Seen(said.effect, said.says(), {**said.facts(), **(facts or {})})


def end(order: Order, site: Site, by: str) -> bool:
    """End an order's effects; return whether any still stood."""
    return bool(effects.end(order.id, site.alias, by=by))


def told(one: Heartbeat, name: str) -> dict[str, Any]:
    """Return what a process says that it can do of something; nothing where it says nothing."""
    can = one.state.get("can")
    found = can.get(name) if isinstance(can, dict) else None
    return found if isinstance(found, dict) else {}

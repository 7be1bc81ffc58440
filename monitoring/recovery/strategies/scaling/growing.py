"""How far recovery may scale something up: by a factor of what there was before it ever did. Pure, but for one look."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from monitoring.error_recovery import get_error_recovery
from monitoring.recovery.models import RecoveryAction
from monitoring.recovery.strategies.base import RefusedError

SECONDS = 3_600.0
"""For so long capacity is added: it costs money, and where it is still needed, errors ask for it again."""


def wanted(current: int, first: int, factor: float, most_factor: float) -> int:
    """Return to how many something is scaled.

    Args:
        current: So many there are.
        first: So many there were before recovery ever scaled it.
        factor: To how many times of what there is.
        most_factor: And to how many times of what there was first, at most.

    Raises:
        RefusedError: There are as many as may be.
    """
    most = math.floor(first * most_factor)
    size = min(math.ceil(current * factor), most)
    if size <= current:
        raise RefusedError(
            f"There are {current}; MAX_SCALE_FACTOR allows {most_factor:g} times the {first} that there were at first."
        )
    return size


def first_of(target: str, current: int, alias: str) -> int:
    """Return how many there were before recovery first scaled a target.

    Where somebody else has changed the number since recovery did, it is theirs that counts from now on.
    """
    done = RecoveryAction.objects.using(alias).filter(target=target, executed_at__isnull=False)
    last = done.order_by("-performing_at").values_list("facts", flat=True).first()
    told: Mapping[str, Any] = last if isinstance(last, dict) else {}
    facts: Mapping[str, Any] = {**(told.get("applied") or {}), **(told.get("seen") or {})}
    first = facts.get("first")
    return first if facts.get("after") == current and isinstance(first, int) and 0 < first <= current else current


def limits() -> tuple[float, bool]:
    """Return how far it may be scaled, and whether it may be at all."""
    settings = get_error_recovery()
    return float(settings.max_scale_factor), settings.auto_scale_on_error

"""The strategies as people look at them: which act by themselves, and what came of their actions."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db import router

from monitoring.conf import Config
from monitoring.recovery.guardrails import Mode, mode_of
from monitoring.recovery.models import RecoveryTotal
from monitoring.recovery.strategies.registry import STRATEGIES

_ACTION = "action"


def strategies(config: Config) -> list[dict[str, Any]]:
    """Return all strategies in their order, with how often an action of each came to what.

    Args:
        config: Has which of them act by themselves, in this process's environment.
    """
    counted: dict[str, dict[str, int]] = defaultdict(dict)
    rows = RecoveryTotal.objects.using(router.db_for_write(RecoveryTotal)).filter(what=_ACTION)
    for label, value, count in rows.order_by("label", "value").values_list("label", "value", "count"):
        counted[label][value] = count
    return [
        {
            "name": one.name,
            "label": one.label,
            "reach": one.reach.value,
            "automatic": mode_of(one, config.environment, config) is Mode.ACT,
            "success_rate": one.success_rate,
            "defaults": dict(one.defaults),
            "actions": counted[one.name],
        }
        for one in STRATEGIES.values()
    ]

"""Telling those who wait what became of their error: the list `outcome:<error id>` in Redis, for a minute.

Written after the commit of what it tells. Whoever does not find it there finds the rows.
"""

from __future__ import annotations

import json
import logging
from typing import Any
from uuid import UUID

import redis
from django.db.models import Q

from monitoring.recovery import status
from monitoring.recovery.models import Recovery, RecoveryAction
from monitoring.recovery.states import State

from .desk import Desk

logger = logging.getLogger("monitoring.recovery")
SECONDS = 60


def tell(row: Recovery, desk: Desk) -> None:
    """Tell whoever asked for a recovery, and those who joined it, as far as they have not been told.

    Args:
        row: The recovery, of which it is known what became.
        desk: What recoveries are carried out with.
    """
    rows = Recovery.objects.using(desk.alias).filter(Q(pk=row.pk) | Q(leader_id=row.pk), waits=True)
    waiting = dict(rows.values_list("pk", "error_id"))
    if not waiting:
        return
    actions = RecoveryAction.objects.using(desk.alias).filter(recovery_id=row.pk).order_by("ordinal")
    desk.step("tell")
    if not send(list(waiting.values()), status.member(row, list(actions)), desk):
        return
    told = Recovery.objects.using(desk.alias).filter(pk__in=waiting)
    told.filter(pk=row.pk).update(waits=False)
    told.filter(state=State.JOINED).update(waits=False, settled_at=desk.now(), next_at=None)


def send(error_ids: list[UUID], member: dict[str, Any], desk: Desk) -> bool:
    """Leave the member of answers for some errors; return whether Redis took it.

    Args:
        error_ids: The errors'.
        member: What became of them.
        desk: What recoveries are carried out with.
    """
    told, prefix = json.dumps(member), desk.config.stream_prefix
    try:
        with desk.site.client.pipeline(transaction=False) as pipeline:
            for error_id in error_ids:
                key = f"{prefix}:outcome:{error_id.hex}"
                pipeline.lpush(key, told)
                pipeline.expire(key, SECONDS)
            pipeline.execute()
    except redis.RedisError as error:
        logger.warning("What became of %d errors could not be told: %s", len(error_ids), error)
        return False
    return True

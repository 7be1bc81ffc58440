"""Looks at workers, queues, running tasks and the schedule, one after the other."""

from __future__ import annotations

import logging
from collections.abc import Callable

import redis
from django.db import DatabaseError, InterfaceError

from monitoring.conf import Config

from .queues.watch import watch as queues
from .runs.watch import watch as runs
from .schedule.watch import watch as schedule
from .workers.watch import watch as workers

logger = logging.getLogger("monitoring.jobs")

ROOMS: dict[str, Callable[[Config], None]] = {
    "workers": workers,
    "runs": runs,
    "queues": queues,
    "schedule": schedule,
}
"""What is looked at, in this order: workers first, as the others go by who lives."""


def watch(config: Config) -> list[str]:
    """Look at every room; one that cannot be looked at does not keep the others from it.

    Returns:
        The rooms that could not be looked at.
    """
    failed = []
    for name, look in ROOMS.items():
        try:
            look(config)
        except (redis.RedisError, DatabaseError, InterfaceError, OSError) as error:
            logger.warning("could not look at %s: %s", name, type(error).__name__)
            failed.append(name)
        except Exception:  # a fault in one room is no reason to be blind in the others
            logger.exception("could not look at %s", name)
            failed.append(name)
    return failed

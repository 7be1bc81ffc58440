"""Tells the workers about a design. By task name alone: this room knows no tasks."""

from __future__ import annotations

import logging

from celery import chain, current_app
from kombu.exceptions import OperationalError

from .models import Design

QUEUE = "designs"
TASKS = {"geometry": "tasks.designs.geometry_extraction", "bom": "tasks.designs.bom_extraction"}
IMPATIENT = {"socket_timeout": 3, "socket_connect_timeout": 2, "max_retries": 0}
"""Somebody waits for the answer to an upload: a broker that hangs is as good as one that is away."""
logger = logging.getLogger(__name__)


def queue_extraction(design: Design) -> bool:
    """Queue the steps a design lacks, one after the other; False when the broker is away.

    Nothing is lost then: the row says what it needs, its lease is given back, and `resume_designs` finds it.
    """
    steps = [
        current_app.signature(TASKS[step], args=[str(design.pk)], immutable=True).set(queue=QUEUE)
        for step in design.missing_steps()
    ]
    if not steps:
        return True
    try:
        with current_app.connection_for_write(transport_options=IMPATIENT) as connection:
            chain(*steps).apply_async(connection=connection, retry=False)
    except (OperationalError, OSError) as error:
        design.due_now()
        logger.warning("Design %s waits for the broker: %s", design.pk, type(error).__name__)
        return False
    return True

"""Drop runs, findings and workers nobody heard of for long, and prepare the tables for what is to come."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.db import connections, router

from monitoring.conf import Config
from monitoring.storage import partitions
from monitoring.storage.deletion import delete_older
from monitoring.stream.heartbeats import KEEP_SECONDS

from .findings import Finding
from .runs.models import TaskRun
from .workers.models import Worker

_DAY = 24 * 60


def prune(config: Config) -> None:
    """Drop what is beyond its retention: kept runs, findings that are closed, workers that are gone.

    Totals of findings stay for ever, since counters are made of them.
    """
    now = datetime.now(UTC)
    cutoff = now - timedelta(days=config.run_retention_days)
    partitions.drop_before(
        connections[router.db_for_write(TaskRun)], TaskRun, int(time.time() // 60) - config.run_retention_days * _DAY
    )
    delete_older(connections[router.db_for_write(Finding)], Finding, "closed", cutoff)
    # While the heartbeat is kept, the row would be written again. Whatever its state: nobody sees a lost heartbeat end.
    gone = Worker.objects.using(router.db_for_write(Worker)).filter(seen__lt=now - timedelta(seconds=KEEP_SECONDS))
    gone.delete()


def prepare() -> None:
    """Create the partitions of today and tomorrow before a drain needs them."""
    minute = int(time.time() // 60)
    partitions.ensure(connections[router.db_for_write(TaskRun)], TaskRun, [minute, minute + _DAY])

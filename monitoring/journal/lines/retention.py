"""Drop lines that are beyond their retention, and prepare the table for what is to come."""

from __future__ import annotations

import time

from django.db import connections, router

from monitoring.conf import Config
from monitoring.storage import partitions

from .models import LogLine

_DAY = 24 * 60


def prune(config: Config) -> None:
    """Drop what was logged longer ago than lines are kept."""
    connection = connections[router.db_for_write(LogLine)]
    partitions.drop_before(connection, LogLine, int(time.time() // 60) - config.log_retention_days * _DAY)


def prepare() -> None:
    """Create the partitions of today and tomorrow before a drain needs them."""
    minute = int(time.time() // 60)
    partitions.ensure(connections[router.db_for_write(LogLine)], LogLine, [minute, minute + _DAY])

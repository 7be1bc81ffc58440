"""Drop parts of traces that are beyond their retention, and prepare the table for what is to come."""

from __future__ import annotations

import time

from django.db import connections, router

from monitoring.conf import Config
from monitoring.storage import partitions

from .models import TraceSpan

_DAY = 24 * 60


def prune(config: Config) -> None:
    """Drop what began longer ago than parts of traces are kept."""
    connection = connections[router.db_for_write(TraceSpan)]
    partitions.drop_before(connection, TraceSpan, int(time.time() // 60) - config.span_retention_days * _DAY)


def prepare() -> None:
    """Create the partitions of today and tomorrow before a drain needs them."""
    minute = int(time.time() // 60)
    partitions.ensure(connections[router.db_for_write(TraceSpan)], TraceSpan, [minute, minute + _DAY])

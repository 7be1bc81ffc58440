"""Drop anomalies that are older than the hours which they say something about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connections, router

from monitoring.conf import Config
from monitoring.storage.deletion import delete_older

from . import queue_hours
from .models import Anomaly


def prune(config: Config) -> None:
    """Drop anomalies that were closed long ago, and old hours of queues."""
    cutoff = datetime.now(UTC) - timedelta(days=config.hour_retention_days)
    delete_older(connections[router.db_for_write(Anomaly)], Anomaly, "closed", cutoff)
    queue_hours.prune(config)

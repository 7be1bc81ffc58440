"""Drop what is old of errors: rows of the log, counts by hour, and groups that were not seen for very long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connections, router

from monitoring.conf import Config
from monitoring.storage.deletion import delete_older

from .groups import retention as groups
from .log.models import ErrorLog
from .tally import minutes


def prune(config: Config) -> None:
    """Drop errors, counts and groups that are beyond their retention."""
    cutoff = datetime.now(UTC) - timedelta(days=config.sample_retention_days)
    delete_older(connections[router.db_for_write(ErrorLog)], ErrorLog, "created", cutoff)
    groups.prune(config)
    minutes.prune(config)

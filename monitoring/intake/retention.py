"""Forget producers that went silent, and drop dead letters nobody replayed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connections, router
from django.db.models import Max

from monitoring.conf import Config
from monitoring.storage.deletion import delete_older

from .ledger import FORGET_SECONDS
from .models import DeadLetter, Producer


def prune(config: Config) -> None:
    """Forget silent producers and drop old dead letters; what those held was counted as refused."""
    now = datetime.now(UTC)
    connection = connections[router.db_for_write(Producer)]
    producers = Producer.objects.using(connection.alias)
    # Silent is who said nothing while others of its stream did: after an outage nothing of anybody was read for long.
    for stream, latest in producers.order_by().values_list("stream").annotate(latest=Max("seen")):
        producers.filter(stream=stream, seen__lt=latest - timedelta(seconds=FORGET_SECONDS)).delete()
    delete_older(connection, DeadLetter, "created", now - timedelta(days=config.sample_retention_days))

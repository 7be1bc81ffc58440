"""Deleting old rows in short statements, so that nobody who writes waits long."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

_ROWS = 2_000


def delete_older(connection: BaseDatabaseWrapper, model: type[models.Model], column: str, cutoff: datetime) -> int:
    """Delete rows whose time in `column` is before `cutoff`; return how many."""
    rows = model._default_manager.using(connection.alias)
    deleted = 0
    while True:
        oldest = list(rows.filter(**{f"{column}__lt": cutoff}).order_by(column).values_list("pk", flat=True)[:_ROWS])
        if not oldest:
            return deleted
        deleted += rows.filter(pk__in=oldest).delete()[0]

"""Rules whose evaluation fails: since when, with what, and how often they ever did."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import connections
from django.db.models import Q

from monitoring.storage import bulk

from .models import RuleTrouble
from .verdicts import Verdicts

logger = logging.getLogger("monitoring.alerts")


def failing(alias: str) -> dict[str, datetime]:
    """Return since when rules have failed every time, by name."""
    rows = RuleTrouble.objects.using(alias).filter(since__isnull=False)
    return {name: since for name, since in rows.values_list("rule_name", "since") if since is not None}


def write(verdicts: Verdicts, alias: str) -> None:
    """Note which rules failed, and which do no longer.

    Args:
        verdicts: What the evaluation says.
        alias: The database, inside of the transaction that completes the evaluation.
    """
    rows = RuleTrouble.objects.using(alias)
    known = {row.rule_name: row for row in rows.filter(Q(rule_name__in=verdicts.failed) | Q(since__isnull=False))}
    written = []
    for name, error in sorted(verdicts.failed.items()):
        row = known.get(name) or RuleTrouble(rule_name=name)
        if row.since is None:
            logger.warning("alert rule %s fails: %s", name, error)
        row.since, row.error, row.failures = row.since or verdicts.at, error, row.failures + 1
        written.append(row)
    for name, row in sorted(known.items()):
        if name not in verdicts.failed:
            logger.info("alert rule %s no longer fails", name)
            row.since = None
            written.append(row)
    if written:
        field = RuleTrouble._meta.get_field("since")
        connection = connections[alias]
        columns: dict[str, list[Any]] = {
            "rule_name": [row.rule_name for row in written],
            "failures": [row.failures for row in written],
            "since": [field.get_db_prep_save(row.since, connection) for row in written],
            "error": [row.error for row in written],
        }
        bulk.put(connection, RuleTrouble, columns)

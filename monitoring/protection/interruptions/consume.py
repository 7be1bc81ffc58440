"""Noting that recorders could not reach Redis, as they say with what waited for it, or drains the database.

An application needs the same Redis and database, as a rule. Health checks run through both, and miss what is short.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from monitoring.storage.folding import Columns, Fact, Scope, Write

from .models import Interruption
from .reading import SETTLING

DUE = "protection"


def consume(measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:  # noqa: ARG001  # all consumers are called alike
    """Note an interruption where batches of this drain waited for Redis."""
    if not scope.away:
        return []
    scope.due.add(DUE)
    now = datetime.fromtimestamp(scope.now / 1000, UTC)
    row = Interruption(began=now - timedelta(seconds=scope.away) - SETTLING, ended=now + SETTLING)
    return [lambda: row.save(using=scope.connection.alias, force_insert=True)]

"""Turn captured exceptions into rows of the error log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from monitoring.storage.folding import Columns, Fact, Scope, Write

from .log.models import ErrorLog


def consume(measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:
    """Store errors in full, and their repetitions as bare rows."""
    rows = [_row(fact) for fact in facts.get("error", ())]
    if columns := measures.get("occurrence"):
        rows += _repetitions(columns)
    return [lambda: _create(rows, scope)] if rows else []


def _create(rows: list[ErrorLog], scope: Scope) -> None:
    ErrorLog.objects.using(scope.connection.alias).bulk_create(rows, batch_size=500)


def _row(fact: Fact) -> ErrorLog:
    chain, context = fact.values.get("chain"), fact.values.get("context")
    chain = chain if isinstance(chain, list) else []
    context = context if isinstance(context, dict) else {}
    first: dict[str, Any] = chain[0] if chain and isinstance(chain[0], dict) else {}
    return ErrorLog(
        created=datetime.fromtimestamp(fact.at / 1000, UTC),
        service=fact.service,
        release=fact.origin.get("release", "")[:200],
        environment=fact.origin.get("environment", "")[:50],
        fingerprint=str(fact.values.get("key", ""))[:64],
        error_type=str(first.get("type", ""))[:200],
        message=str(first.get("message", "")),
        name=str(fact.values.get("name", ""))[:200],
        trace_id=str(context.get("trace_id", ""))[:32],
        context=context,
        chain=chain,
    )


def _repetitions(columns: Columns) -> list[ErrorLog]:
    titles, values = columns.names, columns.values
    positions = zip(
        columns.name.tolist(), values["key"].tolist(), values["trace"].tolist(), columns.at.tolist(), strict=True
    )
    return [
        ErrorLog(
            created=datetime.fromtimestamp(at / 1000, UTC),
            service=titles[name][0],
            name=titles[name][1],
            fingerprint=titles[key][1][:64],
            trace_id=titles[trace][1][:32],
        )
        for name, key, trace, at in positions
    ]

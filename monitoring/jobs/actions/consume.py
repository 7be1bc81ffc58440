"""Store the messages of tasks that started, and drop those of tasks that succeeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from monitoring.storage.folding import Columns, Fact, Scope, Write

from .models import StoredMessage
from .stored import signature

_CHUNK = 500


def consume(measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:  # noqa: ARG001  # all consumers are called alike
    """Keep the first message of each task until it succeeds."""
    found = facts.get("message", ())
    settled = {_id(fact) for fact in found if fact.values.get("settled")}
    kept = [fact for fact in found if not fact.values.get("settled") and _id(fact) not in settled]
    return [lambda: _write([_row(fact) for fact in kept], sorted(settled), scope)] if found else []


def _write(rows: list[StoredMessage], settled: list[str], scope: Scope) -> None:
    stored = StoredMessage.objects.using(scope.connection.alias)
    # A task that is delivered again starts with the same message.
    stored.bulk_create(rows, batch_size=_CHUNK, ignore_conflicts=True)
    for first in range(0, len(settled), _CHUNK):
        stored.filter(pk__in=settled[first : first + _CHUNK]).delete()


def _id(fact: Fact) -> str:
    return str(fact.values.get("id", ""))[:200]


def _row(fact: Fact) -> StoredMessage:
    body, task_id = str(fact.values.get("body", "")), _id(fact)
    return StoredMessage(
        task_id=task_id,
        name=str(fact.values.get("name", ""))[:200],
        service=fact.service,
        captured=datetime.fromtimestamp(fact.at / 1000, UTC),
        body=body,
        signature=signature(task_id, body),
        arguments=str(fact.values.get("arguments", "")),
        problem=str(fact.values.get("problem", ""))[:200],
    )

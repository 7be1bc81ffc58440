"""Turn lines that were kept into rows."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from monitoring.storage import partitions
from monitoring.storage.folding import Columns, Fact, Scope, Write

from .models import LogLine

_IDS = {"trace_id": 32, "span_id": 16, "request_id": 64, "task_id": 200, "task": 200, "user_id": 64}
_MAX_TEXT = 8_000
_MAX_LEVEL = 1_000


def consume(_measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:
    """Store lines; what is missing or of another kind in one is left out of it."""
    lines = [_line(fact) for fact in facts.get("line", ())]
    if not lines:
        return []
    partitions.ensure(scope.connection, LogLine, {line.start for line in lines})
    return [lambda: _store(lines, scope)]


def _store(lines: list[LogLine], scope: Scope) -> None:
    LogLine.objects.using(scope.connection.alias).bulk_create(lines, batch_size=500)


def _line(fact: Fact) -> LogLine:
    values, ids, fields = fact.values, fact.values.get("ids"), fact.values.get("fields")
    level = values.get("level")
    found: Mapping[str, Any] = ids if isinstance(ids, dict) else {}
    return LogLine(
        start=fact.at // 60_000,
        id=uuid.uuid4(),
        at=datetime.fromtimestamp(fact.at / 1000, UTC),
        level=level if isinstance(level, int) and 0 <= level <= _MAX_LEVEL else 0,
        logger=_text(values, "logger", 200),
        text=_text(values, "text", _MAX_TEXT),
        service=fact.service,
        environment=fact.origin.get("environment", "")[:50],
        node=_text(values, "node", 200),
        fields=fields if isinstance(fields, dict) else {},
        **{name: _text(found, name, length) for name, length in _IDS.items()},
    )


def _text(values: Mapping[str, Any], key: str, limit: int) -> str:
    value = values.get(key)
    return value[:limit] if isinstance(value, str) else ""

"""Turn facts of parts of traces into rows."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.recording.events import MAX_DURATION, UNKNOWN_DURATION
from monitoring.storage import partitions
from monitoring.storage.folding import Columns, Fact, Scope, Write

from .models import TraceSpan

_ID = re.compile(r"[0-9a-f]+")
_TRACE, _SPAN = 32, 16
_OWN = ("request_id", "task_id", "user_id")
"""What has a column of its own."""


def consume(_measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:
    """Store the parts of traces that are kept; what has no ids cannot be part of one."""
    spans = [span for fact in facts.get("span", ()) if (span := _span(fact)) is not None]
    if not spans:
        return []
    partitions.ensure(scope.connection, TraceSpan, {span.start for span in spans})
    return [lambda: _store(spans, scope)]


def _store(spans: list[TraceSpan], scope: Scope) -> None:
    TraceSpan.objects.using(scope.connection.alias).bulk_create(spans, batch_size=500)


def _span(fact: Fact) -> TraceSpan | None:
    values = fact.values
    trace, span = _id(values, "trace", _TRACE), _id(values, "span", _SPAN)
    kind, duration, about = values.get("of"), values.get("duration"), values.get("about")
    if not trace or not span or kind not in TraceSpan.KINDS or not isinstance(duration, int):
        return None
    about = about if isinstance(about, dict) else {}
    status = values.get("status")
    return TraceSpan(
        start=fact.at // 60_000,
        id=uuid.uuid4(),
        at=datetime.fromtimestamp(fact.at / 1000, UTC) + _part(values.get("microsecond")),
        duration=0.0 if duration == UNKNOWN_DURATION else min(max(0, duration), MAX_DURATION) / 1e9,
        kind=kind,
        service=fact.service,
        environment=fact.origin.get("environment", "")[:50],
        name=_text(values, "name", 200),
        status=status if isinstance(status, int) and 0 <= status < 1_000 else 0,
        failed=values.get("failed") is True,
        trace_id=trace,
        span_id=span,
        parent_span_id=_id(values, "parent", _SPAN),
        request_id=_text(about, "request_id", 64),
        task_id=_text(about, "task_id", 200),
        user_id=_text(about, "user_id", 64),
        about={key: value for key, value in about.items() if key not in _OWN},
    )


def _id(values: Mapping[str, Any], key: str, digits: int) -> str:
    value = values.get(key)
    return value if isinstance(value, str) and len(value) == digits and _ID.fullmatch(value) else ""


def _text(values: Mapping[str, Any], key: str, limit: int) -> str:
    value = values.get(key)
    return value[:limit] if isinstance(value, str) else ""


def _part(microseconds: Any) -> timedelta:
    """Return what is left of a time below its millisecond: parts of a trace are often shorter than that."""
    known = isinstance(microseconds, int) and 0 <= microseconds < 1_000
    return timedelta(microseconds=microseconds if known else 0)

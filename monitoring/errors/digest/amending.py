"""What became known of errors after they were recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from monitoring.classification import severity_of, worst
from monitoring.errors.log.models import ErrorLog
from monitoring.storage.folding import Fact, Scope

from . import judging
from .sightings import Sighting, text, whole

_BATCH = 500
_MAX_KEYS = 100
_UNHANDLED = 500


def merge(facts: Sequence[Fact], sightings: Sequence[Sighting]) -> list[tuple[UUID, dict[str, Any]]]:
    """Add to errors of the same drain what became known of them; return what is about earlier ones."""
    known = {one.error_id: one for one in sightings if one.values is not None}
    left = []
    for fact in facts:
        try:
            error_id = UUID(fact.values.get("id", ""))
        except (ValueError, TypeError, AttributeError):
            continue  # nobody can tell what it is about
        one = known.get(error_id)
        if one is None or one.values is None:
            left.append((error_id, fact.values))
            continue
        one.status = whole(fact.values.get("status")) or one.status
        one.values["context"] = joined(one.values["context"], fact.values)
        one.values["handled"] = _handled(one.values.get("handled") is True, fact.values)
        one.values["severity"] = _worse(text(one.values, "severity", 20), text(fact.values, "severity", 20))
        for key in ("route", "client", "user"):
            one.values[key] = text(fact.values, key, 200) or text(one.values, key, 200)
        one.user = one.user or text(fact.values, "user", 64)
    return left


def amend(amendments: Sequence[tuple[UUID, Mapping[str, Any]]], scope: Scope) -> None:
    """Add to rows of the log that still have their payload what became known of them."""
    rows = ErrorLog.objects.using(scope.connection.alias).exclude(kept="")
    found = {row.error_id: row for row in rows.filter(error_id__in={error_id for error_id, _ in amendments})}
    for error_id, values in amendments:
        if (row := found.get(error_id)) is not None:
            _amend(row, values)
    columns = ["context", "severity", "status_code", "handled", "url_pattern", "user_key"]
    ErrorLog.objects.using(scope.connection.alias).bulk_update(found.values(), columns, batch_size=_BATCH)


def _amend(row: ErrorLog, values: Mapping[str, Any]) -> None:
    row.context = joined(row.context, values)
    row.status_code = whole(values.get("status")) or row.status_code
    was_handled, row.handled = row.handled, _handled(row.handled, values)
    row.url_pattern = row.url_pattern or text(values, "route", 500)
    row.user_key = row.user_key or text(values, "user", 64)
    said = severity_of(text(values, "severity", 20))
    if said is not None:
        row.severity = said.value if row.handled and judging.is_opinion(values) else _worse(row.severity, said.value)
    if was_handled and not row.handled:
        found = judging.classified(row.chain, row.status_code or _UNHANDLED, row.environment)
        row.severity = _worse(row.severity, found.severity)


def joined(context: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a context with what was said later; what was said first stays."""
    later = values.get("context")
    both = {**(later if isinstance(later, dict) else {}), **context}
    return dict(list(both.items())[:_MAX_KEYS])


def _worse(one: str, other: str) -> str:
    """Return the worse of two severities; what is none counts for nothing."""
    known = [severity for severity in (severity_of(one), severity_of(other)) if severity is not None]
    return worst(*known).value if known else one


def _handled(handled: bool, values: Mapping[str, Any]) -> bool:
    """Return whether an error was only reported: one that ends a request or task after all was not handled."""
    return handled and values.get("handled") is not False

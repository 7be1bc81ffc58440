"""Evidence as facts that people read: numbers rounded, lists with commas, times as everywhere in a message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from monitoring.alerts.channels import texts
from monitoring.alerts.rules.template import figure

_SHOWN_ELSEWHERE = frozenset(
    {
        "group_id",
        "title",
        "culprit",
        "error_severity",
        "occurrences",
        "first_seen",
        "last_seen",
        "release",
        "error_event",
        "errors",
        "counted",
        "lasting",
    }
)
"""Evidence that has a place of its own in a message."""
_STATE_OF_WORKER = frozenset({"busy", "prefetched", "active", "waiting"})
"""What tells nothing while it is zero."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_ITEMS = 20


def facts(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is known besides, by names as people write them.

    Args:
        evidence: Of an incident; neither scrubbed nor bounded, and so is what is yielded.
    """
    for name, value in evidence.items():
        if name in _SHOWN_ELSEWHERE or (name in _STATE_OF_WORKER and value == 0):
            continue
        if said := fact(value):
            yield str(name).replace("_", " ").capitalize(), said


def fact(value: Any) -> str:
    """Return a value as people read it; empty for what has no form in one line."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return figure(value) if abs(value) < float("inf") else str(value)
        case str():
            return _moment(value)
        case list() | tuple() if all(isinstance(one, str | int | float) for one in value):
            return ", ".join(fact(one) for one in value[:_ITEMS])
        case _:
            return ""


def _moment(text: str) -> str:
    if not _MOMENT.match(text):
        return text
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return texts.moment(found if found.tzinfo is not None else found.replace(tzinfo=UTC))

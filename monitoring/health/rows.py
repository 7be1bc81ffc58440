"""Keeps the rows of components up with the snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import router

from monitoring.component import Check, Outcome, Status

from .models import ComponentChange, ComponentState
from .snapshot import Part

_REFRESH_SECONDS = 60.0
Written = dict[str, tuple[Status, str, float]]
"""What this process wrote last: status, message and time of the check by component."""


def stale(parts: Mapping[str, Part], written: Written) -> dict[str, Part]:
    """Return the components whose row is to be written, going by what was written last."""

    def is_stale(component: str, part: Part) -> bool:
        if component not in written or part.checked is None:
            return part.checked is not None
        status, message, checked = written[component]
        return (status, message) != (part.status, part.message) or part.checked - checked >= _REFRESH_SECONDS

    return {component: part for component, part in parts.items() if is_stale(component, part)}


@dataclass(frozen=True)
class WriteRows(Check):
    """Writes rows; it has the shape of a check so that a database that hangs holds up nobody."""

    id: str = "rows"
    component: str = "rows"
    parts: Mapping[str, Part] = field(default_factory=dict)

    def run(self) -> Outcome:
        """Write the rows of some components."""
        for component, part in self.parts.items():
            write(component, part)
        return Outcome(Status.HEALTHY, "Written")


def write(component: str, part: Part) -> bool:
    """Write one row, unless another evaluator has written a newer one; return whether it was written."""
    rows = ComponentState.objects.using(router.db_for_write(ComponentState))
    checked, since = _time(part.checked or 0.0), _time(part.since or part.checked or 0.0)
    values: dict[str, Any] = {
        "status": part.status.value,
        "since": since,
        "message": part.message,
        "details": part.details,
        "checked": checked,
    }
    before = rows.filter(component=component).first()
    if before is None:
        written = bool(rows.get_or_create(component=component, defaults=values)[1])
        if written and part.status is not Status.HEALTHY:
            _note(component, part, since)
        return written
    if before.checked > checked:
        return False
    if before.status == values["status"]:  # an evaluator that began anew does not know since when
        values["since"] = min(before.since, since)
    written = bool(rows.filter(component=component, checked=before.checked).update(**values))
    if written and before.status != values["status"]:
        _note(component, part, since)
    return written


def _note(component: str, part: Part, since: datetime) -> None:
    """Keep that a component changed; of several evaluators one has written its row, and tells."""
    changes = ComponentChange.objects.using(router.db_for_write(ComponentChange))
    changes.create(component=component, status=part.status.value, at=since, message=part.message)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

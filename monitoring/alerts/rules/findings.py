"""Findings as samples: states while they are open, events while their window lasts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from monitoring.jobs.findings import Finding

from . import patterns
from .kind import Query
from .samples import Result, Sample

GROUPINGS = ("subject", "task", "worker", "queue", "kind")
"""What findings can be told of together by."""
_SHOWN = 10
_CHUNK = 500
_SUBJECTS = {"worker": "worker", "queue": "queue", "schedule": "entry"}
"""What the subject of a finding is, by how its kind begins."""


@dataclass
class _Bunch:
    """Findings with the same labels."""

    event: bool
    count: int = 0
    shown: list[dict[str, Any]] = field(default_factory=list)
    since: float = 0.0

    def add(self, row: Finding) -> None:
        self.count += 1
        since = row.opened.timestamp()
        self.since = min(self.since or since, since)
        if len(self.shown) < _SHOWN:
            self.shown.append({"subject": row.subject, "opened": row.opened.isoformat(), "detail": row.detail})


def read(which: Q, group_by: str, window_seconds: int, query: Query) -> Result:
    """Return what was found, the newest first in the evidence.

    Args:
        which: Condition of the findings that are looked at.
        group_by: One of `GROUPINGS`. What has no such thing is told of by its subject.
        window_seconds: For so long an event is told of, from when it was written down.
        query: The moment.
    """
    written = {"noted__gte": query.events_from(window_seconds), "noted__lte": query.now}
    rows: QuerySet[Finding] = Finding.objects.filter(which).only("kind", "subject", "detail", "opened", "event")
    states = rows.filter(closed=None, event=False).order_by("-opened", "-pk")
    events = rows.filter(event=True, **written).order_by("-noted", "-pk")
    return Result(
        _samples(states.iterator(_CHUNK), group_by, query) + _samples(events.iterator(_CHUNK), group_by, query)
    )


def _samples(rows: Iterable[Finding], group_by: str, query: Query) -> list[Sample]:
    bunches: dict[tuple[tuple[str, str], ...], _Bunch] = {}
    for row in rows:
        key = tuple({"finding": row.kind, **_label(row, group_by)}.items())
        bunches.setdefault(key, _Bunch(row.event)).add(row)
    now = query.now.timestamp()
    return [
        Sample(
            dict(key),
            float(one.count) if one.event else max(0.0, now - one.since),
            one.count,
            evidence={"findings": one.shown, "lasting": max(0.0, now - one.since), **_plain(one.shown[0]["detail"])},
            event=one.event,
            again=one.event,
        )
        for key, one in sorted(bunches.items())
    ]


def _label(row: Finding, group_by: str) -> dict[str, str]:
    if group_by == "kind":
        return {}
    if group_by == "worker" and row.kind == "worker_crashed":
        return {
            "worker": row.subject.rpartition(" ")[0] or row.subject
        }  # without the process, which is another each time
    about = _SUBJECTS.get(row.kind.partition("_")[0], "subject")
    detail = row.detail if isinstance(row.detail, dict) else {}
    if group_by not in ("subject", about) and isinstance(detail.get(group_by), str) and detail[group_by]:
        return {group_by: detail[group_by]}
    return {about: row.subject}


def _plain(detail: Any) -> dict[str, Any]:
    """Return what the newest finding tells in single values, for summaries, and in lists of texts, for messages."""
    if not isinstance(detail, dict):
        return {}
    return {str(name): value for name, value in detail.items() if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float) or (
        isinstance(value, list) and all(isinstance(one, str) for one in value)
    )


def of_kinds(kinds: Iterable[str]) -> Q:
    """Return the condition of findings of some kinds, which may be patterns."""
    return patterns.where("kind", tuple(kinds))

"""One error in full: exceptions with frames, source and locals, what happened before, its group, its neighbours.

A row may hold any JSON, as programs make some themselves: what is not of the form is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.groups.models import ErrorGroup

from .models import ErrorLog
from .recent import documented

_FRAME, _CRUMB = 5, 4


@dataclass(frozen=True)
class Family:
    """A group, and those that are merged into it, as one."""

    root: ErrorGroup
    ids: list[int]
    count: int
    first_seen: datetime
    last_seen: datetime
    bugs: list[Any] = field(default_factory=list)


def find(error_id: Any) -> dict[str, Any] | None:
    """Return all that is known of an error; None if there is none of this id."""
    row = ErrorLog.objects.select_related("group__merged_into").filter(error_id=error_id).first()
    if row is None:
        return None
    family = _family(row.group) if row.group else None
    previous, following = (_neighbour(row, family, later=later) for later in (False, True)) if family else (None, None)
    nearest = None if row.kept else _nearest(row, previous, following)
    return described(row) | {
        "group": _of_group(family) if family else None,
        "previous": str(previous.error_id) if previous else None,
        "next": str(following.error_id) if following else None,
        "nearest": described(nearest) if nearest else None,
    }


def described(row: ErrorLog) -> dict[str, Any]:
    """Return what a row itself knows."""
    return documented(row) | {
        "kept": row.kept,
        "service": row.service,
        "release": row.release,
        "environment": row.environment,
        "exception_type": row.exception_type or (row.group.exception_type if row.group else ""),
        "status_code": row.status_code,
        "name": row.name,
        "handled": row.handled,
        "fingerprint": row.fingerprint,
        "task_id": row.task_id,
        "trace_id": row.trace_id,
        "request_id": row.request_id,
        "client": row.ip_address or "",
        "request": _request(row),
        "exceptions": list(exceptions(row.chain)),
        "crumbs": list(crumbs(row.crumbs)),
    }


def _request(row: ErrorLog) -> dict[str, Any] | None:
    told = dict(row.request_data) if isinstance(row.request_data, Mapping) else {}
    known = {
        "method": row.method,
        "route": row.url_pattern,
        "url": row.full_url,
        "client": row.ip_address,
        "user_agent": row.user_agent,
    }
    return told | {key: value for key, value in known.items() if value} or None


def exceptions(chain: Any) -> Iterator[dict[str, Any]]:
    """Yield the exceptions of a chain, first the one that was caught; `link` says how the one before came of it."""
    for raised in chain if isinstance(chain, list) else []:
        if not isinstance(raised, Mapping):
            continue
        source, local = _mapping(raised.get("source")), _mapping(raised.get("locals"))
        frames = raised.get("frames")
        yield {
            "type": str(raised.get("type", "")),
            "message": str(raised.get("message", "")),
            "link": str(raised.get("link", "")),
            "frames": [
                _frame(frame, source.get(str(place)), local.get(str(place)))
                for place, frame in enumerate(frames if isinstance(frames, list) else [])
                if isinstance(frame, list) and len(frame) == _FRAME
            ],
        }


def _frame(frame: list[Any], source: Any, local: Any) -> dict[str, Any]:
    module, file, function, line, in_app = frame
    return {
        "module": module,
        "file": file,
        "function": function,
        "line": line,
        "in_app": bool(in_app),
        "source": _source(source),
        "locals": _mapping(local),
    }


def _source(source: Any) -> list[dict[str, Any]]:
    try:
        first, lines = source
        return [{"line": first + place, "text": str(text)} for place, text in enumerate(lines)]
    except (TypeError, ValueError):
        return []


def crumbs(rows: Any) -> Iterator[dict[str, Any]]:
    """Yield what was logged and queried before, the oldest first."""
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, list) or len(row) != _CRUMB or not isinstance(row[0], int):
            continue
        at, kind, source, text = row
        moment = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        yield {"timestamp": moment, "level": str(kind), "logger": str(source), "text": str(text)}


def _family(group: ErrorGroup) -> Family:
    root = group.merged_into or group
    members = ErrorGroup.objects.filter(Q(pk=root.pk) | Q(merged_into=root)).order_by("pk")
    rows = list(members.values_list("pk", "count", "first_seen", "last_seen"))
    ids = [row[0] for row in rows]
    bugs = KnownBug.objects.filter(group__in=ids).order_by("number").values("bug_id", "status", "github_issue_url")
    return Family(
        root, ids, sum(row[1] for row in rows), min(row[2] for row in rows), max(row[3] for row in rows), [*bugs]
    )


def _of_group(family: Family) -> dict[str, Any]:
    return {
        "id": family.root.pk,
        "title": family.root.title,
        "status": family.root.status,
        "count": family.count,
        "first_seen": family.first_seen,
        "last_seen": family.last_seen,
        "bugs": family.bugs,
    }


def _neighbour(row: ErrorLog, family: Family, *, later: bool) -> ErrorLog | None:
    """Return the next kept error of the group, before or after this one."""
    side, order = ("gt", "") if later else ("lt", "-")
    beyond = Q(**{f"created__{side}": row.created}) | Q(created=row.created, **{f"id__{side}": row.pk})
    within = Q(created__gte=row.created) if later else Q(created__lte=row.created)
    rows = ErrorLog.objects.filter(~Q(kept=""), within, beyond, group__in=family.ids)
    found: ErrorLog | None = rows.order_by(f"{order}created", f"{order}id").only("error_id", "created").first()
    return found


def _nearest(row: ErrorLog, *neighbours: ErrorLog | None) -> ErrorLog | None:
    """Return the kept error of the group that is nearest in time, with all that is known of it."""
    found = min((one for one in neighbours if one), key=lambda one: abs(one.created - row.created), default=None)
    return ErrorLog.objects.select_related("group").filter(pk=found.pk).first() if found else None


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}

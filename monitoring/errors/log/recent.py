"""Errors in the documented form, and the live view of them: those of the last hour, the latest hundred."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from monitoring.classification import ErrorSeverity, severity_of

from .models import ErrorLog

LIVE = timedelta(hours=1)
MOST = 100
_HEAVY = ("chain", "crumbs")
"""Columns that lists do not show."""


def listed() -> Any:
    """Return the errors as lists need them: with their groups, without what only one alone is shown with."""
    return ErrorLog.objects.select_related("group").defer(*_HEAVY)


def recent(limit: int, now: datetime | None = None) -> list[dict[str, Any]]:
    """Return the live view, the newest first.

    Args:
        limit: How many at most; there are never more than a hundred.
        now: The current time, for tests.
    """
    since = (now or datetime.now(UTC)) - LIVE
    rows = listed().filter(created__gte=since).order_by("-created", "-id")
    return [documented(row) for row in rows[: max(0, min(limit, MOST))]]


def documented(row: ErrorLog) -> dict[str, Any]:
    """Return an error in the documented form, with its id; what a slim row does not know, its group does."""
    group = row.group
    return {
        "timestamp": row.created.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "error_type": row.error_type or (group.error_type if group else ""),
        "error_message": row.exception_message or _message_of_group(row),
        "severity": level(row.severity or (group.severity if group else "")),
        "user_id": user(row),
        "request_path": path(row),
        "context": row.context,
        "traceback": row.traceback,
        "error_id": str(row.error_id),
    }


def level(severity: str) -> str:
    """Return the log level that a severity stands for; an error is one of level ERROR unless it says otherwise."""
    return (severity_of(severity) or ErrorSeverity.HIGH).level


def user(row: ErrorLog) -> int | str | None:
    """Return whose error it was: a number where it is one."""
    key = row.user_key or row.user_id
    return int(key) if isinstance(key, str) and key.isascii() and key.isdigit() else key or None


def path(row: ErrorLog) -> str | None:
    """Return the path that was asked for, or the route, if that is all that is known; None outside of requests."""
    for told in (row.context, row.request_data):
        known = told.get("path") if isinstance(told, Mapping) else None
        if isinstance(known, str) and known:
            return known
    if row.full_url:
        return _path_of(row.full_url)
    return f"/{row.url_pattern.removeprefix('/')}" if row.url_pattern else None


def _path_of(url: str) -> str:
    try:
        return urlsplit(url).path or "/"
    except ValueError:
        return url


def _message_of_group(row: ErrorLog) -> str:
    """Return what the first error of the group said, of a row that does not know any more."""
    if row.kept or row.group is None:
        return ""
    return str(row.group.title).removeprefix(f"{row.group.error_type}: ")

"""What the log still knows of a bug's errors: the newest that are kept in full."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from monitoring.errors.log import event
from monitoring.errors.log.models import ErrorLog

MOST = 10_000
"""Occurrences are counted up to so many, where they are counted one by one."""
_LOOKED_AT = 5
_MAX_FRAMES, _MAX_CRUMBS = 5, 10
_QUERY = "query"


def newest(group_ids: Collection[int], alias: str) -> list[ErrorLog]:
    """Return the latest errors of groups that are kept in full, the newest first."""
    errors = ErrorLog.objects.using(alias).filter(group_id__in=group_ids).exclude(kept="")
    return list(errors.order_by("-created", "-id")[:_LOOKED_AT])


def telling(errors: Sequence[ErrorLog]) -> ErrorLog | None:
    """Return the newest that came with lines of source; where none did, the newest."""
    return next((error for error in errors if source(error)), errors[0] if errors else None)


def count_since(group_ids: Collection[int], moment: datetime, alias: str) -> int:
    """Return how often groups occurred after a time; one more than `MOST` stands for more than that."""
    later = ErrorLog.objects.using(alias).filter(group_id__in=group_ids, created__gt=moment)
    return later.order_by()[: MOST + 1].count()


def said(error: ErrorLog) -> str:
    """Return an error's traceback, or its message, or what was logged before a response that has neither."""
    message = f"{error.exception_type}: {error.exception_message}".strip(": ")
    return error.traceback.rstrip() or message or _logged(error)


def source(error: ErrorLog) -> str:
    """Return the lines of source that came with an error's frames: the application's own, or else of any."""
    parts = []
    for raised in event.exceptions(error.chain):
        frames = [frame for frame in raised["frames"] if frame["source"]]
        own = [frame for frame in frames if frame["in_app"]] or frames
        parts += [_shown(frame) for frame in own[-_MAX_FRAMES:]]
    return "\n\n".join(parts)


def _logged(error: ErrorLog) -> str:
    """Return the last lines that were logged before an error."""
    lines = [crumb for crumb in event.crumbs(error.crumbs) if crumb["level"] != _QUERY][-_MAX_CRUMBS:]
    return "\n".join(f"{line['level']} {line['logger']}: {line['text']}" for line in lines)


def _shown(frame: Mapping[str, Any]) -> str:
    lines = [f"{frame['file']}, line {frame['line']}, in {frame['function']}"]
    for line in frame["source"]:
        pointer = ">" if line["line"] == frame["line"] else " "
        lines.append(f"{pointer} {line['line']:>5}  {line['text']}".rstrip())
    return "\n".join(lines)

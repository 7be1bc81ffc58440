"""`get_error_insights`: the patterns of the errors, the most common of them, and what to do about them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .metrics import DAY
from .patterns import Pattern, find
from .recommendations import recommend


def insights(hours: int = DAY, service: str | None = None, now: datetime | None = None) -> dict[str, Any]:
    """Return what the errors of the last hours have in common.

    Args:
        hours: How many hours of the clock, the current one included.
        service: Whose errors; everybody's if None.
        now: The current time, for tests.

    Returns:
        `total_patterns`: how many causes there are; `total_errors`; `most_common_errors`, the ten most frequent of
        them, each with `group`, `title`, `error_type`, `severity`, `status`, `count`, `share`, `before`, `direction`,
        `new`, `first_seen` and `last_seen`; `recommendations`, as `recommend` returns them; `hours`.
    """
    patterns = find(hours, now or datetime.now(UTC), service)
    return {
        "hours": hours,
        "total_patterns": patterns.number,
        "total_errors": patterns.total,
        "most_common_errors": [_shown(one) for one in patterns.most],
        "recommendations": recommend(patterns),
    }


def _shown(pattern: Pattern) -> dict[str, Any]:
    group = pattern.group
    return {
        "group": group.pk,
        "title": group.title,
        "error_type": group.error_type,
        "severity": group.severity,
        "status": group.status,
        "count": pattern.count,
        "share": round(pattern.share, 4),
        "before": pattern.before,
        "direction": pattern.direction,
        "new": pattern.new,
        "first_seen": group.first_seen,
        "last_seen": group.last_seen,
    }

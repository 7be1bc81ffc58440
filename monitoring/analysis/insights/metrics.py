"""How many errors there are, as documented: `get_metrics`, and where that is going: `get_error_trends`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from monitoring.errors.log.summary import summarise

from . import counting
from .change import direction

RECENT_MINUTES = 60
"""What counts as recent: the live view's hour."""
DAY = 24


def metrics(hours: int = DAY, service: str | None = None, now: datetime | None = None) -> dict[str, Any]:
    """Return how many errors there were.

    Args:
        hours: How far back the total goes.
        service: Whose errors; everybody's if None.
        now: The current time, for tests.

    Returns:
        `total_errors` of these hours; `recent_errors` of the last 60 minutes; `error_rate_per_minute`, the average of
        these; `critical_errors`, `high_errors` and `unresolved_errors` of the total; `error_types`, the most frequent
        first, each with its `count`; `hours`.
    """
    moment = now or datetime.now(UTC)
    summary = summarise(hours, service, moment)
    recent = counting.of_minutes(RECENT_MINUTES, moment, service)
    return {
        "hours": hours,
        "total_errors": summary["total_errors"],
        "recent_errors": recent,
        "error_rate_per_minute": round(recent / RECENT_MINUTES, 4),
        "critical_errors": summary["critical_errors"],
        "high_errors": summary["high_errors"],
        "unresolved_errors": summary["unresolved_errors"],
        "error_types": summary["error_types"],
    }


def trends(hours: int = DAY, service: str | None = None, now: datetime | None = None) -> dict[str, Any]:
    """Return the errors of each of the last hours.

    Args:
        hours: How many hours of the clock, the current one included.
        service: Whose errors; everybody's if None.
        now: The current time, for tests.

    Returns:
        `hourly_counts`, by the beginning of the hour (ISO 8601, UTC), zeros among them; `total_errors`;
        `average_errors_per_hour`; `peak`, the hour with most of them and its `count`; `before`, how many there were in
        as many hours before; `direction`: whether that is `rising`, `falling` or `steady`, other than by chance.
    """
    moment = now or datetime.now(UTC)
    last = counting.hour_of(moment)
    first = last - hours + 1
    counted = counting.by_hour(first - hours, last, service)
    counts = {hour: counted[hour] for hour in range(first, last + 1)}
    total, before = sum(counts.values()), sum(counted.values()) - sum(counts.values())
    # Of the current hour only a part has passed, while all hours before are whole.
    elapsed = hours - 1 + (moment.timestamp() % counting.HOUR) / counting.HOUR
    peak = max(counts, key=lambda hour: (counts[hour], hour))
    return {
        "hours": hours,
        "hourly_counts": {_named(hour): count for hour, count in counts.items()},
        "total_errors": total,
        "average_errors_per_hour": round(total / hours, 2),
        "peak": {"hour": _named(peak), "count": counts[peak]} if total else None,
        "before": before,
        "direction": direction(total, before, elapsed / (elapsed + hours)) if elapsed else "steady",
    }


def _named(hour: int) -> str:
    return counting.begin_of(hour).isoformat().replace("+00:00", "Z")

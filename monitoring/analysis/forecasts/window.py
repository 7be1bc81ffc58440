"""When windows begin and end. Pure functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .learning import WINDOW

_LATE = timedelta(minutes=5)
"""For so long after its end a forecast is still the last one: the next is made when the window is complete."""


def bounds(minute: int) -> tuple[datetime, datetime]:
    """Return when the window begins, and when it ends, that begins at an epoch minute."""
    starts = datetime.fromtimestamp(minute * 60, UTC)
    return starts, starts + timedelta(minutes=WINDOW)


def is_current(ends: datetime, now: datetime) -> bool:
    """Whether the forecast of a window that ends then is the last one there could be."""
    return now < ends + _LATE

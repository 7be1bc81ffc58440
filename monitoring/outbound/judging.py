"""What an answer means for the next attempt. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_PASSING = frozenset({408, 409, 423, 425, 429})
"""Statuses below 500 that say nothing about the next attempt."""


def may_pass(status: int) -> bool:
    """Whether the same request may be taken later, though it was not taken with this status."""
    return status >= 500 or status in _PASSING


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds a server wants to be left alone; None when it did not say."""
    found = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    try:
        seconds = float(found)
    except ValueError:
        try:
            when = parsedate_to_datetime(found)
        except (ValueError, IndexError, TypeError):
            return None
        when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
        seconds = (when - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0) if math.isfinite(seconds) else None

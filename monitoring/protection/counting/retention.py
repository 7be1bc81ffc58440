"""Forgetting errors that the window has passed."""

from __future__ import annotations

from datetime import datetime

from .models import ErrorTally
from .tally import current_window


def prune(now: datetime, alias: str) -> int:
    """Drop the rows without an error within the window; return how many."""
    passed = int(now.timestamp() * 1000) - current_window().milliseconds
    return ErrorTally.objects.using(alias).filter(last__lte=passed).delete()[0]

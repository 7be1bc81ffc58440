"""What bugs are filed with: settings, the tracker, a clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import router

from monitoring.conf import Config, get_config
from monitoring.error_tracking import ErrorTracking, get_error_tracking

from .models import KnownBug
from .trackers import select
from .trackers.base import Tracker


def no_step(name: str) -> None:
    """Go on: outside of tests nothing happens between the steps."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Desk:
    """What bugs are filed with.

    Attributes:
        config: This installation's settings.
        tracking: What it does with errors.
        tracker: Where issues are opened; None for nowhere.
        alias: The database.
        step: Called with the name of each step before it happens; tests end the process there.
        now: The clock.
    """

    config: Config
    tracking: ErrorTracking
    tracker: Tracker | None
    alias: str
    step: Callable[[str], None] = no_step
    now: Callable[[], datetime] = _now


def desk(config: Config | None = None) -> Desk:
    """Return what this process's settings ask for."""
    config, tracking = config or get_config(), get_error_tracking()
    return Desk(config, tracking, select(config, tracking), router.db_for_write(KnownBug))

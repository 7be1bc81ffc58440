"""Issue trackers: one file each, listed here. Another one is a file with a class like `base.Tracker`, and its line."""

from __future__ import annotations

from collections.abc import Callable

from monitoring.conf import Config
from monitoring.error_tracking import ErrorTracking

from . import gh, github, missing
from .base import Tracker

TRACKERS: tuple[Callable[[Config, ErrorTracking], Tracker | None], ...] = (
    github.configured,
    gh.configured,
    missing.configured,
)
"""Each returns a tracker when the settings ask for it; the first one is used."""


def select(config: Config, tracking: ErrorTracking) -> Tracker | None:
    """Return the tracker that the settings ask for; None where they ask for none."""
    return next((tracker for make in TRACKERS if (tracker := make(config, tracking)) is not None), None)

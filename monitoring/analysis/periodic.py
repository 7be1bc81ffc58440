"""What the analysis does once a minute: the one list of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from celery.exceptions import SoftTimeLimitExceeded

from monitoring.conf import Config

from .anomalies.looking import look
from .forecasts.forecasting import forecast

logger = logging.getLogger("monitoring.analysis")

STEPS: dict[str, Callable[[Config, datetime], object]] = {"anomalies": look, "forecasts": forecast}
"""What is done, in this order."""


def run(config: Config, now: datetime) -> None:
    """Do all of it; what fails is logged, and keeps nothing else from its turn.

    Raises:
        SoftTimeLimitExceeded: There was no time for the rest.
    """
    for name, step in STEPS.items():
        try:
            step(config, now)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            logger.exception("the analysis failed at %s", name)

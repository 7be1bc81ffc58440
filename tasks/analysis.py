"""When the analysis looks at what was recorded."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task

from monitoring.conf import get_config

from . import nudging

_LEASE = 60.0
"""For so many seconds nobody else looks when a worker dies in the middle."""
_SOFT, _HARD = 50, 55


@shared_task(
    name="tasks.analysis.analyze",
    ignore_result=True,
    acks_late=False,
    expires=60,
    soft_time_limit=_SOFT,
    time_limit=_HARD,
)
def analyze() -> None:
    """Compare everything with what is usual, and forecast; a fault of the one does not keep the other from its turn."""
    from monitoring.analysis import periodic

    with nudging.alone(analyze, _LEASE) as mine:
        if mine:
            periodic.run(get_config(), datetime.now(UTC))

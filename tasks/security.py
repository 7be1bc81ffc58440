"""When it is judged what clients did."""

from __future__ import annotations

from celery import shared_task

from monitoring.conf import get_config

from . import nudging

_SOFT, _HARD = 25, 30
_LEASE = 5.0
"""For so many seconds nobody else judges when a worker dies in the middle."""


@shared_task(
    name="tasks.security.watch",
    ignore_result=True,
    acks_late=False,
    expires=10,
    soft_time_limit=_SOFT,
    time_limit=_HARD,
)
def watch() -> None:
    """Find who does what attackers do, tell of it, and block whom a rule wants to be blocked."""
    from monitoring import guarding

    with nudging.alone(watch, _LEASE) as mine:
        if mine:
            guarding.guard(get_config())

"""When it is decided who is blocked, and when notices of that are sent."""

from __future__ import annotations

from celery import shared_task

from monitoring.conf import get_config

from . import nudging

_SOFT, _HARD = 60, 70
_SOFT_DECIDING, _HARD_DECIDING = 25, 30
_LEASE = 5.0
"""For so many seconds nobody else decides when a worker dies in the middle."""


@shared_task(
    name="tasks.protection.decide",
    ignore_result=True,
    acks_late=False,
    expires=10,
    soft_time_limit=_SOFT_DECIDING,
    time_limit=_HARD_DECIDING,
)
def decide() -> None:
    """Block who is over a limit, let go whose key was deleted, and have every process know at once."""
    from monitoring import protecting

    with nudging.alone(decide, _LEASE) as mine:
        if mine and protecting.protect(get_config()):
            nudging.nudge(send)


@shared_task(
    name="tasks.protection.decide_circuits",
    ignore_result=True,
    acks_late=False,
    expires=10,
    soft_time_limit=_SOFT_DECIDING,
    time_limit=_HARD_DECIDING,
)
def decide_circuits() -> None:
    """Open, try and close circuits, and have every process know at once; `decide` does so too, as beat asks for it."""
    from monitoring import protecting

    with nudging.alone(decide_circuits, _LEASE) as mine:
        if mine:
            protecting.decide_circuits(get_config())


@shared_task(
    name="tasks.protection.send",
    ignore_result=True,
    acks_late=False,
    expires=30,
    soft_time_limit=_SOFT,
    time_limit=_HARD,
)
def send() -> None:
    """Send the notices that are due; what fails is tried again by a later run."""
    from monitoring.patches import evidence
    from monitoring.protection.notices.sending import desk, send_due

    with nudging.alone(send, _HARD) as mine:
        if mine:
            send_due(desk(evidence))

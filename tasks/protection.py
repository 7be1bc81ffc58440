"""When notices of the protection are sent."""

from __future__ import annotations

from celery import shared_task

from . import nudging

_SOFT, _HARD = 60, 70


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

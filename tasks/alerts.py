"""When people are told of incidents."""

from __future__ import annotations

from celery import shared_task

from . import nudging

_ALONE_SECONDS = 60


@shared_task(name="tasks.alerts.deliver", ignore_result=True, acks_late=False, expires=10)
def deliver() -> None:
    """Escalate what nobody acknowledged in time, and send what is due; what fails is tried again by a later run."""
    from monitoring.alerts.deliveries.desk import desk
    from monitoring.alerts.deliveries.dispatch import deliver as send_due

    more = False
    with nudging.alone(deliver, _ALONE_SECONDS) as mine:
        if mine:
            more = send_due(desk())
    if more:
        nudging.nudge(deliver)

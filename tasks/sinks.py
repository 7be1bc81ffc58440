"""When what was taken in is forwarded to other systems."""

from __future__ import annotations

from celery import shared_task

from monitoring.conf import get_config

from . import nudging

_SOFT, _HARD = 80, 88
_LEASE = 10.0
"""For so many seconds nobody else looks what is due when a worker dies in the middle."""


@shared_task(name="tasks.sinks.forward", ignore_result=True, acks_late=False, expires=10)
def forward() -> None:
    """Have sent what waits, by a task for each sink: one that is slow holds up no other."""
    if not get_config().sinks:
        return
    from monitoring.sinks import forward as sinks

    with nudging.alone(forward, _LEASE) as mine:
        due = sinks.due(sinks.desk()) if mine else []
    for kind in due:
        send.apply_async((kind,))


@shared_task(
    name="tasks.sinks.send", ignore_result=True, acks_late=False, expires=30, soft_time_limit=_SOFT, time_limit=_HARD
)
def send(kind: str) -> None:
    """Send what waits for a sink; what fails is tried again by a later run.

    Args:
        kind: Of the sink.
    """
    from monitoring.sinks import forward as sinks

    if sinks.forward(kind, sinks.desk()):
        nudging.nudge(forward)

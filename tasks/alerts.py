"""When alert rules are evaluated, when people are told of incidents, and when the watchdog barks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import redis
from celery import shared_task

from monitoring.conf import get_config

from . import nudging

_EVALUATING_SECONDS, _DELIVERING_SECONDS = 15, 15
_SOFT, _HARD = 120, 130


@shared_task(
    name="tasks.alerts.evaluate",
    ignore_result=True,
    acks_late=False,
    expires=10,
    soft_time_limit=_SOFT,
    time_limit=_HARD,
)
def evaluate() -> None:
    """Evaluate the alert rules, and have what came of it told at once."""
    from monitoring.alerts import watchdog
    from monitoring.alerts.incidents.evaluate import evaluate as evaluate_rules

    config = get_config()
    with _alone(evaluate, _EVALUATING_SECONDS) as mine:
        done = evaluate_rules(config) if mine else None
    if done is None:
        return
    if done.deliveries:
        nudging.nudge(deliver)
    if watchdog.take_turn(config):
        watch.apply_async()


@shared_task(name="tasks.alerts.watch", ignore_result=True, acks_late=False, expires=60, soft_time_limit=30)
def watch() -> None:
    """Ask the address of the watchdog, unless something is wrong with alerting."""
    from monitoring.alerts import watchdog

    watchdog.bark(get_config())


@shared_task(name="tasks.alerts.deliver", ignore_result=True, acks_late=False, expires=10)
def deliver() -> None:
    """Escalate what nobody acknowledged in time, and send what is due; what fails is tried again by a later run."""
    from monitoring.alerts.deliveries.desk import desk
    from monitoring.alerts.deliveries.dispatch import deliver as send_due

    more = False
    with _alone(deliver, _DELIVERING_SECONDS) as mine:
        if mine:
            more = send_due(desk())
    if more:
        nudging.nudge(deliver)


@contextmanager
def _alone(task: Any, seconds: float) -> Iterator[bool]:
    """Run alone; without Redis beside others, whom the database keeps apart."""
    with ExitStack() as stack:
        try:
            mine = stack.enter_context(nudging.alone(task, seconds))
        except redis.RedisError:
            mine = True
        yield mine

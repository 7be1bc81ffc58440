"""Looking at Celery itself: workers, queues, running tasks and the schedule."""

from __future__ import annotations

from celery import shared_task

from monitoring.conf import get_config

from . import alerts, nudging


@shared_task(name="tasks.jobs.watch", ignore_result=True, acks_late=False, soft_time_limit=60)
def watch() -> None:
    """Look once; while another worker is at it, leave it to that one."""
    from monitoring.jobs import sight, turns, watch
    from monitoring.stream.lease import lease

    config = get_config()
    turns.begin(config)
    with lease(sight.client_of(config.redis_url), f"{config.stream_prefix}:watch", 30.0) as mine:
        if mine:
            sight.forget()
            watch.watch(config)


def watch_for_beat() -> None:
    """Have somebody look when beat has not asked for it: a dead beat could not tell of itself."""
    from monitoring.jobs import turns

    config = get_config()
    if turns.take(config):
        watch.apply_async(expires=2 * config.watch_interval)
        for task in (alerts.evaluate, alerts.deliver):  # so that people are told
            nudging.nudge(task)

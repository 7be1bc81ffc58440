"""Looking at Celery itself: workers, queues, running tasks and the schedule."""

from __future__ import annotations

from celery import shared_task

from monitoring.conf import get_config


@shared_task(name="tasks.jobs.watch", ignore_result=True, acks_late=False, soft_time_limit=60)
def watch() -> None:
    """Look once; while another worker is at it, leave it to that one."""
    from monitoring.jobs import sight, watch
    from monitoring.stream.lease import lease

    config = get_config()
    with lease(sight.client_of(config.redis_url), f"{config.stream_prefix}:watch", 30.0) as mine:
        if mine:
            sight.forget()
            watch.watch(config)

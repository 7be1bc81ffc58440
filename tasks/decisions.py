"""Projecting decisions from the database to Redis, whence every process learns of them."""

from __future__ import annotations

from celery import shared_task
from celery.signals import worker_ready

from monitoring.conf import get_config


@shared_task(name="tasks.decisions.project", ignore_result=True, acks_late=False, expires=10, soft_time_limit=60)
def project() -> None:
    """Write what differs; what fails is tried again with the next run."""
    from monitoring import decisions

    decisions.project(get_config())


@worker_ready.connect
def _project_at_once(**_: object) -> None:
    """Do not wait for beat when a worker starts."""
    project.apply_async()

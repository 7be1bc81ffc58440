"""Refreshing gauges that nothing else would."""

from __future__ import annotations

from celery import shared_task
from celery.signals import worker_ready

from monitoring.conf import get_config
from monitoring.metrics import storage


@shared_task(name="tasks.metrics.refresh_storage", ignore_result=True, expires=60, soft_time_limit=50)
def refresh_storage() -> None:
    """Ask for the use of storage; a provider that raises fails this run, and is asked again in a minute."""
    storage.refresh(get_config())


@worker_ready.connect
def _refresh_at_once(**_: object) -> None:
    """Do not wait for beat when a worker starts."""
    refresh_storage.apply_async()

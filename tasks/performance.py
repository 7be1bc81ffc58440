"""Summing rollups up."""

from __future__ import annotations

from celery import shared_task

from monitoring.performance import rollup


@shared_task(name="tasks.performance.roll_up", ignore_result=True, expires=60, soft_time_limit=300)
def roll_up() -> None:
    """Sum up the hours and days that are over and changed."""
    rollup.roll_up()

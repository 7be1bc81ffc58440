"""Evaluating the components."""

from __future__ import annotations

from celery import shared_task

from monitoring.health.evaluator import evaluator


@shared_task(name="tasks.health.evaluate", ignore_result=True, acks_late=False, expires=10)
def evaluate() -> None:
    """Run the checks that are due, and publish how every component is."""
    evaluator.evaluate()

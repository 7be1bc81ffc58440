"""Dropping what is old, and preparing tables for what is to come."""

from __future__ import annotations

from celery import shared_task

from monitoring.alerts.deliveries import retention as deliveries
from monitoring.alerts.incidents import retention as incidents
from monitoring.analysis.anomalies import retention as anomalies
from monitoring.analysis.releases import retention as releases
from monitoring.conf import get_config
from monitoring.errors import retention as errors
from monitoring.health import retention as health
from monitoring.intake import retention as intake
from monitoring.jobs import retention as jobs
from monitoring.jobs.actions import retention as actions
from monitoring.jobs.queues import retention as queues
from monitoring.journal.audit import retention as audit
from monitoring.journal.lines import retention as lines
from monitoring.journal.security import retention as security
from monitoring.metrics import retention as metrics
from monitoring.performance import retention as performance
from monitoring.performance.spans import retention as spans
from monitoring.protection import retention as protection
from monitoring.protection.notices import retention as notices
from monitoring.recovery import retention as recovery

from . import journal


@shared_task(name="tasks.retention.prune", ignore_result=True, expires=3600, soft_time_limit=1800)
def prune() -> None:
    """Drop everything that is beyond its retention, the finest first."""
    config = get_config()
    performance.prepare()
    metrics.prepare()
    jobs.prepare()
    queues.prepare()
    spans.prepare()
    lines.prepare()
    performance.prune(config)
    spans.prune(config)
    lines.prune(config)
    metrics.prune()
    errors.prune(config)
    jobs.prune(config)
    actions.prune(config)
    queues.prune(config)
    intake.prune(config)
    health.prune()
    protection.prune(config)
    notices.prune(config)
    deliveries.prune(config)
    incidents.prune(config)
    anomalies.prune(config)
    recovery.prune(config)
    releases.prune()
    security.prune(config)
    journal.tell(audit.prune(config))

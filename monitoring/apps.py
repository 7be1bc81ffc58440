"""The Django app of the platform: wires recording to Celery, to eager folding, and to changed settings."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import Tags, register


class MonitoringConfig(AppConfig):
    """Connects what must not import each other."""

    name = "monitoring"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect signals of Celery and databases, logging, the sink of eager mode, and the system checks."""
        from django.core.signals import setting_changed
        from django.db.backends.signals import connection_created

        from monitoring import checks, deploy_checks
        from monitoring.alerts.in_code import discovery
        from monitoring.journal.deeds import connecting
        from monitoring.journal.security import own
        from monitoring.protection.telling import decided
        from monitoring.recording import beat, celery, crumbs, decisions, logs, presence, process
        from monitoring.recording.effects import leaving, pools, statements
        from monitoring.recording.recorder import recorder
        from monitoring.recording.resilience import caches
        from monitoring.recovery.in_code import names
        from monitoring.recovery.requests import created

        recorder.use_sink(_fold_eagerly)
        decisions.copy.follow(presence.companion)
        caches.follow()
        celery.connect()
        beat.connect()
        logs.install()
        process.install()
        connection_created.connect(crumbs.watch_queries, dispatch_uid="enginel")
        connection_created.connect(statements.watch, dispatch_uid="enginel-statements")
        for effect in (leaving, pools, statements):
            effect.follow()
        setting_changed.connect(_reconfigure, dispatch_uid="enginel")
        decided.connect(_project, dispatch_uid="enginel")
        # The schema of whoever uses our authentication describes it.
        import monitoring.access.openapi  # noqa: F401

        for check in (
            *checks.OF_SETTINGS,
            checks.check_storage_provider,
            checks.check_health_checks,
            checks.check_hooks,
            checks.check_services,
            checks.check_alert_rules,
            checks.check_sinks,
        ):
            register(check)
        register(checks.check_redis, Tags.database)
        register(deploy_checks.check_deployment, Tags.security, deploy=True)
        names.adopt(_register_strategy)
        created.follow()
        connecting.connect()
        if apps.is_installed("django.contrib.auth"):
            from monitoring.journal.security import signins

            signins.connect()
        own.connect()
        discovery.discover([app.name for app in apps.get_app_configs()])
        if not process.is_command(sys.argv):  # which runs the checks itself
            checks.warn()


def _fold_eagerly(lane: str, fields: Any) -> None:
    from monitoring.intake.eager import accept

    accept(lane, fields)


def _register_strategy(name: str) -> None:
    from monitoring.recovery.in_code import strategy

    strategy.register(name)


def _project(**_: Any) -> None:
    """Have every process know at once what a person decided; where Redis is away, they do once it is back."""
    import redis

    from monitoring import protecting
    from monitoring.conf import get_config

    with contextlib.suppress(redis.RedisError):
        protecting.announce(get_config())


def _reconfigure(setting: str = "", **_: Any) -> None:
    """Follow settings that tests change."""
    from monitoring import error_rate, error_recovery, recipients

    if setting == "ERROR_TRACKING":
        from monitoring.error_tracking import get_error_tracking

        get_error_tracking.cache_clear()
    if setting in error_rate.NAMES:
        error_rate.get_error_rate.cache_clear()
    if setting in error_recovery.NAMES:
        error_recovery.get_error_recovery.cache_clear()
    if setting in recipients.NAMES:
        recipients.get_recipients.cache_clear()
    if setting == "MONITORING":
        from monitoring.classification import lookup
        from monitoring.conf import get_config
        from monitoring.health.board import board
        from monitoring.health.evaluator import evaluator
        from monitoring.health.readiness import readiness
        from monitoring.recording import acting, client, decisions, visits
        from monitoring.recording.enforcement import verdict
        from monitoring.recording.raised import frames
        from monitoring.recording.recorder import recorder

        get_config.cache_clear()
        lookup.forget()
        acting.forget()
        client.forget()
        visits.forget()
        frames.forget()
        recorder.reset()
        decisions.copy.reset()
        verdict.forget()
        for follower in (board, evaluator, readiness):
            follower.reset()

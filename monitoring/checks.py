"""System checks: settings of the right form, health checks that can run, and a Redis that throws no events away."""

from __future__ import annotations

import logging
from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.utils.module_loading import import_string

from monitoring import error_rate, error_recovery, error_tracking, recipients
from monitoring.alerts.in_code import discovery
from monitoring.classification import traits
from monitoring.conf import get_config, load, problems
from monitoring.errors.bugs import wanting
from monitoring.errors.rules import rule
from monitoring.health import registry
from monitoring.stream.connection import connect
from monitoring.stream.streams import eviction_policy

logger = logging.getLogger("monitoring.settings")


def check_settings(**_: Any) -> list[CheckMessage]:
    """Report every wrong key of the `MONITORING` setting."""
    return [Error(text, id="monitoring.E001") for text in problems(getattr(settings, "MONITORING", {}))]


def check_health_checks(**_: Any) -> list[CheckMessage]:
    """Report checks of components that cannot be loaded, or whose id another one has."""
    config = load(getattr(settings, "MONITORING", {}))
    return [Error(f"The health check {text}.", id="monitoring.E002") for text in registry.load(config).problems]


def check_storage_provider(**_: Any) -> list[CheckMessage]:
    """Report a provider of storage's use that cannot be imported."""
    provider = get_config().storage_provider
    try:
        found = import_string(provider) if provider else len
    except ImportError as error:
        return [Error(f"MONITORING['STORAGE_PROVIDER'] cannot be imported: {error}", id="monitoring.E003")]
    return [] if callable(found) else [Error("MONITORING['STORAGE_PROVIDER'] is no function.", id="monitoring.E003")]


def check_error_tracking(**_: Any) -> list[CheckMessage]:
    """Report every wrong key of the `ERROR_TRACKING` setting."""
    found = error_tracking.problems(getattr(settings, error_tracking.NAME, {}))
    return [Error(text, id="monitoring.E004") for text in found]


def check_error_rate(**_: Any) -> list[CheckMessage]:
    """Report every wrong one of the documented settings of the protection."""
    return [Error(text, id="monitoring.E008") for text in error_rate.problems(error_rate.given())]


def check_error_recovery(**_: Any) -> list[CheckMessage]:
    """Report every wrong one of the documented settings of error recovery."""
    return [Error(text, id="monitoring.E013") for text in error_recovery.problems(error_recovery.given())]


def check_error_classes(**_: Any) -> list[CheckMessage]:
    """Report every row of `ERROR_CLASSES` that says what no class can be."""
    found = traits.rows(load(getattr(settings, "MONITORING", {})).error_classes)[1]
    return [Error(text, id="monitoring.E005") for text in found]


def check_fingerprint_rules(**_: Any) -> list[CheckMessage]:
    """Report every rule of `FINGERPRINT_RULES` that no error could meet."""
    found = rule.problems(load(getattr(settings, "MONITORING", {})).fingerprint_rules)
    return [Error(text, id="monitoring.E006") for text in found]


def check_bugs_not_for(**_: Any) -> list[CheckMessage]:
    """Report every entry of `BUGS_NOT_FOR` that no error could meet."""
    found = wanting.problems(load(getattr(settings, "MONITORING", {})).bugs_not_for)
    return [Error(text, id="monitoring.E007") for text in found]


def check_recipients(**_: Any) -> list[CheckMessage]:
    """Report every recipient of the settings that is none; the others are told."""
    return [Error(text, id="monitoring.E011") for text in recipients.problems(recipients.given())]


def check_services(**_: Any) -> list[CheckMessage]:
    """Report every Apprise URL of the recipients that Apprise cannot use; it may be imported for that."""
    from monitoring.alerts.channels.apprise import services

    told: list[CheckMessage] = []
    for one in recipients.load(recipients.given()):
        try:
            if one.kind == "apprise":
                services.service(one.target)
        except services.NoServiceError as error:
            told.append(Error(f"A recipient of the settings is told nothing: {error}.", id="monitoring.E012"))
    return told


def check_hooks(**_: Any) -> list[CheckMessage]:
    """Report hooks of apps that could not be imported: their alert rules and channels are missing."""
    return [Error(text, id="monitoring.E009") for text in discovery.problems]


def check_alert_rules(**_: Any) -> list[CheckMessage]:
    """Report every alert rule in settings that cannot be one."""
    from monitoring.alerts.rules import desired  # which needs the models of every slice

    found = desired.setting_problems(load(getattr(settings, "MONITORING", {})).alert_rules)
    return [Error(text, id="monitoring.E010") for text in found]


def check_sinks(**_: Any) -> list[CheckMessage]:
    """Report every sink in settings that nothing can be forwarded to; the others get theirs."""
    from monitoring.sinks import kinds  # which needs the models of errors

    found = kinds.problems(load(getattr(settings, "MONITORING", {})))
    return [Error(text, id="monitoring.E014") for text in found]


def check_redis(**_: Any) -> list[CheckMessage]:
    """Warn where Redis may evict events that nobody has read yet."""
    try:
        policy = eviction_policy(connect(get_config().redis_url, 1.0))
    except redis.RedisError:
        return []
    if policy in (None, "noeviction"):
        return []
    hint = "Set maxmemory-policy to noeviction on the Redis that carries event streams."
    return [CheckWarning(f"Redis evicts keys ({policy}); events would be lost.", hint=hint, id="monitoring.W001")]


OF_SETTINGS = (
    check_settings,
    check_error_tracking,
    check_error_rate,
    check_error_recovery,
    check_error_classes,
    check_fingerprint_rules,
    check_bugs_not_for,
    check_recipients,
)
"""The checks that look at values alone and import nothing, so that every process can afford them."""


def warn() -> None:
    """Log what is wrong with settings: servers and workers are started without `manage.py check`, and go on."""
    for check in OF_SETTINGS:
        for message in check():
            logger.warning("%s", message.msg)

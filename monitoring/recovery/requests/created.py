"""Errors that a program wrote into the log by itself ask for their recovery like those that were recorded."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.utils import timezone

from monitoring.classification import severity_of
from monitoring.classification.kinds import RECOVERY_BY_SEVERITY
from monitoring.conf import get_config
from monitoring.errors.log.models import ErrorLog
from monitoring.recording.recorder import recorder
from monitoring.recovery.execution import case as cases
from monitoring.recovery.guardrails import limited_to
from monitoring.recovery.models import Recovery
from monitoring.recovery.states import Trigger

from .wish import PRIORITIES


def follow() -> None:
    """Hear of errors that are written from now on."""
    post_save.connect(_ask, sender=ErrorLog, dispatch_uid="enginel-recovery")


def _ask(instance: ErrorLog, created: bool, raw: bool, using: str, **_: Any) -> None:
    """Ask for the recovery of an error, if it has a remedy; beat finds it within seconds."""
    if not created or raw or instance.kept != cases.MANUAL or get_config().recovery == "off":
        return
    try:
        # Whatever goes wrong here, the error is written.
        with transaction.atomic(using=using):
            _write(instance, using)
    except Exception:
        recorder.failed()


def _write(error: ErrorLog, alias: str) -> None:
    now, severity = timezone.now(), severity_of(error.severity)
    row = Recovery(
        error_id=error.error_id,
        service=error.service,
        environment=error.environment,
        severity=severity.value if severity else "",
        name=error.name,
        trigger=Trigger.AUTOMATIC,
        priority=PRIORITIES.get(severity.value if severity else "", PRIORITIES["high"]),
        requested_at=now,
        next_at=now,
    )
    known = cases.load(row, alias)
    strategies = limited_to(known.strategies, known.blame)
    if not strategies or (known.strategies in RECOVERY_BY_SEVERITY.values() and not known.case.dependency):
        return
    row.error_type, row.fingerprint = known.case.error_type, known.case.fingerprint
    row.dependency = known.case.dependency
    Recovery.objects.using(alias).bulk_create([row], ignore_conflicts=True)

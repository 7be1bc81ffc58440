"""What is known of a case, read from the error log, and which strategies are made for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from monitoring.classification import Classification, severity_of, worst
from monitoring.errors.digest import judging
from monitoring.errors.log.models import ErrorLog
from monitoring.jobs.runs.models import TaskRun
from monitoring.recovery.guardrails import Blame
from monitoring.recovery.models import Recovery
from monitoring.recovery.strategies.base import Case

MANUAL = "manual"
"""How the log calls what a program wrote itself."""
_UNHANDLED = 500
_COLUMNS = (
    "error_id",
    "created",
    "fingerprint",
    "service",
    "environment",
    "error_type",
    "exception_type",
    "exception_message",
    "severity",
    "status_code",
    "name",
    "url_pattern",
    "user_key",
    "ip_address",
    "chain",
    "context",
    "handled",
    "kept",
    "task_id",
    "group__category",
    "group__error_type",
    "group__exception_type",
    "group__severity",
    "group__status_code",
    "group__name",
    "group__title",
)


@dataclass(frozen=True)
class Known:
    """A case, and what can be thought of about it.

    Attributes:
        strategies: Names of those that are documented for it, in their order.
        blame: Whose trouble it is.
        logged: Whether the error log has it.
    """

    case: Case
    strategies: Sequence[str]
    blame: Blame
    logged: bool


def load(row: Recovery, alias: str) -> Known:
    """Return what is known of a recovery's case; of an error that is not in the log, what the recovery knows.

    Args:
        row: The recovery.
        alias: The database.
    """
    errors = ErrorLog.objects.using(alias).select_related("group").only("id", "group_id", *_COLUMNS)
    error = errors.filter(error_id=row.error_id).first()
    if error is None:
        found = _classified([], row.error_type, 0, row.environment, handled=False)
        return Known(_of_row(row, found), found.recovery, Blame(0, found.error_type, found.kind), logged=False)
    group = error.group
    # A repetition whose payload is not kept says little of itself; its group says it for all.
    exception = error.exception_type or (group.exception_type if group else "")
    name = exception or error.error_type or (group.error_type if group else "")
    status = error.status_code
    found = _classified(error.chain, name, status, error.environment, handled=error.handled)
    case = Case(
        recovery_id=row.pk,
        error_id=error.error_id,
        group_id=error.group_id,
        error_type=found.error_type,
        exception_type=exception,
        kind=(group.category if group and not error.chain else "") or found.kind.value,
        severity=_worst(error.severity or (group.severity if group else ""), row.severity) or found.severity.value,
        message=error.exception_message or (group.title if group else ""),
        fingerprint=error.fingerprint,
        name=error.name or (group.name if group else ""),
        service=error.service,
        environment=error.environment,
        occurred=error.created,
        route=error.url_pattern,
        status=status,
        task_id=error.task_id,
        queue=_text(error.context, "queue") or _queue(error.task_id, alias),
        client=error.ip_address or "",
        authenticated=bool(error.user_key),
        dependency=_text(error.context, "dependency") or row.dependency,
        facts=error.context if isinstance(error.context, dict) else {},
    )
    blame = Blame(status, found.error_type, found.kind, _is_unhandled(error, alias))
    return Known(case, found.recovery, blame, logged=True)


def _is_unhandled(error: ErrorLog, alias: str) -> bool:
    """Return whether an error is known to be an exception that nobody handled.

    What a program wrote into the log by itself is none for certain, and an answer without an exception is none at all.
    """
    if error.kept == MANUAL:
        return False
    if error.exception_type:
        return not error.handled
    # Of a repetition that travelled as a key, one that travelled in full says it.
    full = ErrorLog.objects.using(alias).filter(group_id=error.group_id).exclude(exception_type="")
    handled = full.order_by("-created", "-pk").values_list("handled", flat=True).first() if error.group_id else None
    return handled is False


def _classified(chain: Any, name: str, status: int, environment: str, *, handled: bool) -> Classification:
    """Return what an error is, by its chain as it was stored, or by the name of its class."""
    stored = chain if isinstance(chain, list) and chain and isinstance(chain[0], dict) and "mro" in chain[0] else []
    if not stored and name and not name.isdigit():
        stored = [{"type": name, "mro": [name], "frames": []}]
    answered = status or (0 if handled or not stored else _UNHANDLED)
    return judging.classified(stored, answered, environment)


def _worst(*texts: str) -> str:
    """Return the worst of some severities, empty ones aside: whoever asked may know how it ends before the log does."""
    known = [severity for text in texts if (severity := severity_of(text)) is not None]
    return worst(*known).value if known else ""


def _of_row(row: Recovery, found: Classification) -> Case:
    severity = severity_of(row.severity) or found.severity
    return Case(
        recovery_id=row.pk,
        error_id=row.error_id,
        group_id=row.group_id,
        error_type=row.error_type,
        exception_type="",
        kind=found.kind.value,
        severity=severity.value,
        message="",
        fingerprint=row.fingerprint,
        name=row.name,
        service=row.service,
        environment=row.environment,
        occurred=row.requested_at or datetime.now(UTC),
        dependency=row.dependency,
    )


def _queue(task_id: str, alias: str) -> str:
    """Return through which queue a task came, where its run is known."""
    if not task_id:
        return ""
    runs = TaskRun.objects.using(alias).filter(task_id=task_id).order_by("-ended")
    return runs.values_list("queue", flat=True).first() or ""


def _text(context: Any, key: str) -> str:
    value = context.get(key) if isinstance(context, Mapping) else None
    return value[:200] if isinstance(value, str) else ""

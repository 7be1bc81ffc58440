"""What is asked for, read from events that were taken in; and which errors ask by themselves. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from monitoring.classification import Classification, severity_of, worst
from monitoring.classification.kinds import RECOVERY_BY_SEVERITY
from monitoring.conf import Config
from monitoring.errors.digest import judging
from monitoring.errors.digest.sightings import text, whole
from monitoring.recording import fingerprint
from monitoring.recovery.guardrails import Blame, limited_to
from monitoring.recovery.states import Trigger
from monitoring.storage.folding import Fact

PRIORITIES = {"critical": 0, "high": 3, "medium": 6, "low": 9}
"""Of a recovery's message by severity: the steps that kombu's queues on Redis have."""
_UNHANDLED = 500
_OF_VIEWS = (Trigger.MIDDLEWARE, Trigger.DECORATOR)


@dataclass(frozen=True)
class Wish:
    """A recovery that is asked for.

    Attributes:
        at: When the error occurred, or was asked for.
        explicit: Somebody asked, instead of the error by itself.
        waits: Whether a caller waits for the answer.
    """

    error_id: UUID
    at: datetime
    trigger: str
    service: str = ""
    environment: str = ""
    error_type: str = ""
    severity: str = ""
    name: str = ""
    fingerprint: str = ""
    dependency: str = ""
    waits: bool = False

    @property
    def explicit(self) -> bool:
        """Whether somebody asked for it."""
        return self.trigger != Trigger.AUTOMATIC

    @property
    def priority(self) -> int:
        """How soon its turn is: 0 is first. Of whose severity nothing is known, somebody has asked for it."""
        return PRIORITIES.get(self.severity, PRIORITIES["high"])


def of_error(fact: Fact, config: Config, trigger: str = Trigger.AUTOMATIC) -> Wish | None:
    """Return what an error asks for by itself, if it does.

    An error asks where a remedy is documented or was set for its type, or where code has declared the dependency that
    failed; for all others, whose remedies follow from their severity alone, somebody has to ask. Enginel's own tasks
    never do: what helps others would be done by them.

    Args:
        fact: The error as the error log's consumer left it, which comes before.
        config: This installation's settings.
        trigger: Who asks for it: a view's caller does so before it is known that the request ends with a server error.
    """
    values = fact.values
    name, error_id = text(values, "name", 200), id_of(values.get("id"))
    if error_id is None or values.get("kind") != "exception" or name.startswith(config.internal_tasks):
        return None
    environment = fact.origin.get("environment", "")[:50]
    found, severity = _classified(values, environment, ended=trigger in _OF_VIEWS)
    context = values.get("context")
    dependency = text(context, "dependency", 200) if isinstance(context, dict) else ""
    if found.recovery in RECOVERY_BY_SEVERITY.values() and not dependency:
        return None
    unhandled = values.get("handled") is False
    blame = Blame(whole(values.get("status")), found.error_type, found.kind, unhandled)
    if not limited_to(found.recovery, blame):
        return None
    return Wish(
        error_id=error_id,
        at=datetime.fromtimestamp(fact.at / 1000, UTC),
        trigger=trigger,
        service=text(values, "service", 200) or fact.service,
        environment=environment,
        error_type=found.error_type,
        severity=severity,
        name=name,
        fingerprint=fingerprint_of(values),
        dependency=dependency,
    )


def of_request(fact: Fact) -> Wish | None:
    """Return what somebody asked for; None for what is no request."""
    error_id, trigger = id_of(fact.values.get("error_id")), fact.values.get("trigger")
    if error_id is None or trigger not in Trigger.values:
        return None
    at = datetime.fromtimestamp(fact.at / 1000, UTC)
    waits = fact.values.get("waits") is True
    return Wish(error_id, at, str(trigger), service=fact.service, waits=waits)


def _classified(values: Mapping[str, Any], environment: str, *, ended: bool) -> tuple[Classification, str]:
    status = whole(values.get("status"))
    if not status and (ended or not (values.get("handled") is True or values.get("expected") is True)):
        status = _UNHANDLED
    found = judging.classified(values.get("chain") or [], status, environment)
    said = severity_of(text(values, "severity", 20))
    return found, (found.severity if said is None else worst(said, found.severity)).value


def fingerprint_of(values: Mapping[str, Any]) -> str:
    """Return what an error is known by: as its sender found, or as this release does."""
    if sent := text(values, "fingerprint", 64):
        return sent
    try:
        return str(next(iter(fingerprint.every(values)), ""))[:64]
    except (TypeError, ValueError, AttributeError, IndexError, KeyError):  # of no form that we know
        return ""


def id_of(value: Any) -> UUID | None:
    """Return an error's id as it travels, with or without dashes; None for what is none."""
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        return None

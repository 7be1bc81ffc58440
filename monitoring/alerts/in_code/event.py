"""An error as conditions in code are shown it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from monitoring.classification import ErrorSeverity, ErrorType
from monitoring.conf import Config
from monitoring.errors.digest import judging, sightings
from monitoring.storage.folding import Fact


@dataclass(frozen=True)
class ErrorEvent:
    """One error, scrubbed as it is sent.

    Attributes:
        error_id: Its UUID.
        timestamp: When it occurred.
        error_type: What kind of trouble it is.
        severity: How bad it is.
        message: Of the exception, or of the line that was logged.
        exception_type: Qualified name of its class; empty where there was no exception.
        endpoint: Route of the request, or the name of the task or logger.
        method: Of the request; empty outside of requests.
        status_code: Of the answer; None where there is none.
        user_id: Whom it met; None if that is not known.
        request_id: The request's; None outside of requests and tasks.
        trace_id: W3C trace id; None outside of requests and tasks.
        fingerprint: Errors of one cause have the same.
        context: What was said of it.
    """

    error_id: str
    timestamp: datetime
    error_type: ErrorType
    severity: ErrorSeverity
    message: str
    exception_type: str
    endpoint: str
    method: str
    status_code: int | None
    user_id: str | None
    request_id: str | None
    trace_id: str | None
    service: str
    environment: str
    release: str
    fingerprint: str
    context: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON, as channels in code are told it."""
        return {
            **asdict(self),
            "timestamp": self.timestamp.isoformat(),
            "error_type": self.error_type.value,
            "severity": self.severity.value,
            "context": dict(self.context),
        }


def of_record(at: int, values: Mapping[str, Any], config: Config) -> ErrorEvent:
    """Read an error as it travels.

    Args:
        at: Nanoseconds since the epoch.
        values: What the flusher made of it; left as they are.
        config: Of the process that recorded it.
    """
    origin = {"release": config.release, "environment": config.environment}
    one = sightings.of_fact(Fact("error", config.service, at // 1_000_000, dict(values), origin))
    said = one.values or {}
    found = judging.classification(one)
    chain, context = said["chain"], said["context"]
    request = said["request"]
    method, _, route = one.name.partition(" ") if request else ("", "", "")
    return ErrorEvent(
        error_id=str(UUID(int=one.error_id.int)),
        timestamp=datetime.fromtimestamp(one.at / 1000, UTC),
        error_type=found.kind,
        severity=ErrorSeverity(judging.severity(one, found)),
        message=chain[0]["message"] if chain else judging.type_of(one),
        exception_type=chain[0]["type"] if chain else "",
        endpoint=route or one.name,
        method=method,
        status_code=one.status or None,
        user_id=one.user or None,
        request_id=_text(context, "request_id"),
        trace_id=one.trace_id or None,
        service=one.service,
        environment=one.environment,
        release=one.release,
        fingerprint=one.fingerprints[0],
        context=context,
    )


def _text(values: Mapping[str, Any], key: str) -> str | None:
    found = values.get(key)
    return found if isinstance(found, str) and found else None

"""Lines and errors as log records of OpenTelemetry. An exception is one by the semantic conventions for exceptions."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from . import otlp
from .base import Report
from .records import ERROR, LINE, Record
from .told import is_line, tell

if TYPE_CHECKING:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

_SCOPE = "enginel.errors"
_SEVERITIES = (
    (logging.CRITICAL, 21),
    (logging.ERROR, 17),
    (logging.WARNING, 13),
    (logging.INFO, 9),
    (logging.DEBUG, 5),
)
_TRACE = 1
_IDS = {
    "request_id": "enginel.request.id",
    "task_id": "celery.task.id",
    "task": "celery.task.name",
    "user_id": "user.id",
}


@dataclass(frozen=True)
class OtlpLogs:
    """An OTLP endpoint for logs.

    Attributes:
        options: Where it is.
    """

    options: otlp.Options
    takes: ClassVar[frozenset[str]] = frozenset({LINE, ERROR})
    requires: ClassVar[str] = otlp.REQUIRES

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> OtlpLogs:
        """Read options."""
        return cls(otlp.read(options))

    @property
    def address(self) -> str:
        """Where it sends to, without what must stay secret."""
        return self.options.address

    def wants(self, record: Record) -> bool:
        """Leave out errors that are lines: those are records of their own."""
        return record.kind == LINE or not is_line(record)

    def send(self, records: Sequence[Record], until: float) -> Report:
        """Send records, all at once."""
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

        del until  # a request has its own, which is shorter
        answer = ExportLogsServiceResponse()
        return otlp.export(self.options, request(records), answer, "rejected_log_records", len(records))


def request(records: Sequence[Record]) -> ExportLogsServiceRequest:
    """Put records together by who recorded them, and by logger."""
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    whole = ExportLogsServiceRequest()
    scopes: dict[tuple[str, ...], Any] = {}
    resources: dict[tuple[str, str, str], Any] = {}
    observed = time.time_ns()
    for record in records:
        scope, service, made = _line(record) if record.kind == LINE else _error(record)
        made.observed_time_unix_nano = observed
        origin = (service, record.environment, record.release)
        if origin not in resources:
            resources[origin] = whole.resource_logs.add()
            resources[origin].resource.attributes.extend(otlp.resource(*origin))
        if (*origin, scope) not in scopes:
            scopes[*origin, scope] = resources[origin].scope_logs.add()
            scopes[*origin, scope].scope.name = scope
        scopes[*origin, scope].log_records.append(made)
    return whole


def severity(level: int) -> int:
    """Return OpenTelemetry's number of one of logging's levels; what is between two is a step above the lower one."""
    for least, number in _SEVERITIES:
        if level >= least:
            return number + min((level - least) // 3, 3)
    return _TRACE


def _line(record: Record) -> tuple[str, str, LogRecord]:
    values = record.values
    level = values.get("level", logging.INFO)
    ids = values.get("ids") or {}
    made = _made(record, level, str(values.get("text", "")), ids)
    made.attributes.extend(otlp.attributes({**_named(ids), **(values.get("fields") or {})}))
    return otlp.text(values.get("logger") or "root"), record.service, made


def _error(record: Record) -> tuple[str, str, LogRecord]:
    told = tell(record)
    made = _made(record, told.level, told.title, told.ids)
    made.event_name = "exception" if told.type else "enginel.error"
    request = told.values["request"]
    made.attributes.extend(
        otlp.attributes(
            {
                "exception.type": told.type,
                "exception.message": told.message if told.type else "",
                "exception.stacktrace": told.traceback[-otlp.MAX_TEXT :],
                "error.type": told.type or (str(told.status) if told.status else ""),
                "http.route": told.route,
                "http.request.method": request.get("method"),
                "http.response.status_code": told.status or None,
                "client.address": told.values.get("client"),
                "enginel.error.id": told.error_id,
                "enginel.error.fingerprint": told.fingerprint,
                "enginel.error.kind": told.kind,
                "enginel.error.severity": told.severity,
                "enginel.error.name": told.name,
                **_named(told.ids),
            }
        )
    )
    return _SCOPE, told.service, made


def _made(record: Record, level: int, body: str, ids: Mapping[str, str]) -> LogRecord:
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

    return LogRecord(
        time_unix_nano=record.at * otlp.NANOSECONDS,
        severity_number=severity(level),  # type: ignore[arg-type]
        severity_text=logging.getLevelName(level),
        body=otlp.any_value(body),
        trace_id=otlp.identity(ids.get("trace_id", ""), 16),
        span_id=otlp.identity(ids.get("span_id", ""), 8),
    )


def _named(ids: Mapping[str, str]) -> dict[str, str]:
    return {name: ids[key] for key, name in _IDS.items() if ids.get(key)}

"""Requests, operations, outgoing calls and runs of tasks as spans of OpenTelemetry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from . import otlp
from .base import Report
from .records import RUN, SPAN, Record

if TYPE_CHECKING:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

_SCOPE = "enginel"
_SAMPLED = 1
_INTERNAL, _SERVER, _CLIENT, _CONSUMER = 1, 2, 3, 5
_KINDS = {"request": _SERVER, "operation": _INTERNAL, "client": _CLIENT}
_FAILED = frozenset({"FAILURE", "LOST"})
_NAMES = {
    "method": "http.request.method",
    "path": "url.path",
    "host": "server.address",
    "request_id": "enginel.request.id",
    "task_id": "celery.task.id",
    "user_id": "user.id",
}


@dataclass(frozen=True)
class OtlpTraces:
    """An OTLP endpoint for traces.

    Attributes:
        options: Where it is.
    """

    options: otlp.Options
    takes: ClassVar[frozenset[str]] = frozenset({SPAN, RUN})
    requires: ClassVar[str] = otlp.REQUIRES

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> OtlpTraces:
        """Read options."""
        return cls(otlp.read(options))

    @property
    def address(self) -> str:
        """Where it sends to, without what must stay secret."""
        return self.options.address

    def wants(self, record: Record) -> bool:
        """Leave out what has no ids: runs that older releases recorded, and those of processes that were killed."""
        return _is_span(record.values)

    def send(self, records: Sequence[Record], until: float) -> Report:
        """Send records, all at once."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

        del until  # a request has its own, which is shorter
        answer = ExportTraceServiceResponse()
        return otlp.export(self.options, request(records), answer, "rejected_spans", len(records))


def request(records: Sequence[Record]) -> ExportTraceServiceRequest:
    """Put spans together by who recorded them."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    whole = ExportTraceServiceRequest()
    scopes: dict[tuple[str, str, str], Any] = {}
    for record in records:
        origin = (record.service, record.environment, record.release)
        if origin not in scopes:
            group = whole.resource_spans.add()
            group.resource.attributes.extend(otlp.resource(*origin))
            scopes[origin] = group.scope_spans.add()
            scopes[origin].scope.name = _SCOPE
        scopes[origin].spans.append(_run(record) if record.kind == RUN else _span(record))
    return whole


def _span(record: Record) -> Span:
    from opentelemetry.proto.trace.v1.trace_pb2 import Status

    values = record.values
    about = values.get("about") or {}
    of, status = values.get("of"), values.get("status") or 0
    made = _made(values, _KINDS.get(str(of), _INTERNAL), record.at, int(values.get("duration") or 0))
    if values.get("failed"):
        made.status.code = Status.STATUS_CODE_ERROR
    known = {name: about.get(key) for key, name in _NAMES.items()}
    known["http.response.status_code"] = status or None
    if of == "request":
        known["http.route"] = str(values.get("name", "")).partition(" ")[2]
    others = {f"enginel.{key}": value for key, value in about.items() if key not in _NAMES}
    made.attributes.extend(otlp.attributes({**known, **others}))
    return made


def _run(record: Record) -> Span:
    """Make a span of a run, whose fact tells of its end."""
    from opentelemetry.proto.trace.v1.trace_pb2 import Status

    values = record.values
    nanoseconds = int((values.get("duration") or 0.0) * 1e9)
    made = _made({**values, "parent": values.get("parent_span")}, _CONSUMER, record.at, nanoseconds)
    ends = record.at * otlp.NANOSECONDS
    made.start_time_unix_nano, made.end_time_unix_nano = max(ends - nanoseconds, 0), ends
    if values.get("state") in _FAILED:
        made.status.code = Status.STATUS_CODE_ERROR
        made.status.message = otlp.text(values.get("message") or values.get("exception") or "")
    made.attributes.extend(
        otlp.attributes(
            {
                "messaging.operation.type": "process",
                "messaging.destination.name": values.get("queue"),
                "messaging.message.id": values.get("id"),
                "celery.task.name": values.get("name"),
                "celery.task.state": values.get("state"),
                "celery.task.retries": values.get("retries") or None,
                "celery.task.wait": values.get("wait"),
                "celery.worker": values.get("worker"),
                "process.pid": values.get("pid"),
                "error.type": values.get("exception"),
                "enginel.request.id": values.get("request"),
                "user.id": values.get("user"),
            }
        )
    )
    return made


def _made(values: Mapping[str, Any], kind: int, at: int, duration: int) -> Span:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    begins = at * otlp.NANOSECONDS
    return Span(
        trace_id=_id(values, "trace", 16),
        span_id=_id(values, "span", 8),
        parent_span_id=_id(values, "parent", 8),
        flags=_SAMPLED,
        name=otlp.text(values.get("name", "")),
        kind=kind,  # type: ignore[arg-type]
        start_time_unix_nano=begins,
        end_time_unix_nano=begins + duration,
    )


def _is_span(values: Mapping[str, Any]) -> bool:
    return bool(_id(values, "trace", 16) and _id(values, "span", 8))


def _id(values: Mapping[str, Any], key: str, length: int) -> bytes:
    found = values.get(key)
    return otlp.identity(found, length) if isinstance(found, str) else b""

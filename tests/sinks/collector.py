"""A collector of OpenTelemetry on loopback, and what waits for it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitoring.conf import load
from monitoring.sinks.forward import Desk, desk
from monitoring.sinks.models import SinkBatch, SinkState
from monitoring.sinks.records import Record, pack

LOGS = "otlp_logs"
Verdict = Callable[[list[str]], Response]


class Collector:
    """A collector of OpenTelemetry on loopback.

    Attributes:
        requests: The texts that each request brought.
        asked: The requests.
        judge: What it answers, by the texts that it was sent.
    """

    def __init__(self, server: HTTPServer) -> None:
        self.requests: list[list[str]] = []
        self.asked: list[Request] = []
        self.judge: Verdict = lambda _: Response(ExportLogsServiceResponse().SerializeToString())
        self.url = server.url_for("/v1/logs")
        server.expect_request("/v1/logs", method="POST").respond_with_handler(self._take)

    @property
    def texts(self) -> list[str]:
        """What came, in its order."""
        return [text for texts in self.requests for text in texts]

    def _take(self, request: Request) -> Response:
        sent = ExportLogsServiceRequest.FromString(gzip.decompress(request.get_data()))
        scopes = [scope for group in sent.resource_logs for scope in group.scope_logs]
        texts = [record.body.string_value for scope in scopes for record in scope.log_records]
        self.asked.append(request)
        self.requests.append(texts)
        return self.judge(texts)


def table_for(collector: Collector) -> Desk:
    """Return what sends to a collector."""
    headers = {"Authorization": "Bearer collector-secret"}
    return desk(load({"SINKS": {LOGS: {"endpoint": collector.url, "headers": headers}}}))


def write(*records: Record) -> None:
    SinkBatch.objects.bulk_create(
        SinkBatch(sink=LOGS, body=one.body, size=len(one.body), events=one.events) for one in pack(records)
    )


def state() -> SinkState:
    return SinkState.objects.get(pk=LOGS)


def later(table: Desk, seconds: float = 4_000.0) -> Desk:
    """Return the same when all pauses are over."""
    now = table.now() + timedelta(seconds=seconds)
    return replace(table, now=lambda: now)


def answers(*statuses: int, **headers: str) -> Verdict:
    """Answer with one status after the other; then with success."""
    left = list(statuses)
    return lambda _: Response(status=left.pop(0), headers=headers) if left else Response(b"")

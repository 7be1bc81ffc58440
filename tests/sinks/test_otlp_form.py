"""Lines, errors, spans and runs in OTLP's form, read back as a collector reads them."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from monitoring.sinks import otlp, otlp_logs, otlp_traces
from monitoring.sinks.base import OptionsError
from monitoring.sinks.records import Record
from tests.sinks.made import AT, ERROR_ID, PARENT, SPAN, TRACE, answered, error, line, logged, run, span


def known(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def logs(*records: Record) -> Any:
    return ExportLogsServiceRequest.FromString(otlp_logs.request(records).SerializeToString()).resource_logs


def spans(*records: Record) -> Any:
    return ExportTraceServiceRequest.FromString(otlp_traces.request(records).SerializeToString()).resource_spans


def one_log(record: Record) -> Any:
    return logs(record)[0].scope_logs[0].log_records[0]


def one_span(record: Record) -> Any:
    return spans(record)[0].scope_spans[0].spans[0]


class TestLogs:
    def test_a_line_has_its_text_level_ids_and_fields(self) -> None:
        found = one_log(line("The cart is empty", 30, cart=3, nested={"a": [1, True]}))

        assert found.time_unix_nano == AT * 1_000_000
        assert (found.severity_number, found.severity_text) == (13, "WARNING")
        assert found.body.string_value == "The cart is empty"
        assert (found.trace_id.hex(), found.span_id.hex()) == (TRACE, SPAN)
        said = known(found.attributes)
        assert (said["enginel.request.id"], said["user.id"], said["cart"]) == ("r-1", "7", 3)
        assert said["nested"].values[0].value.array_value.values[1].bool_value is True

    def test_who_recorded_it_is_the_resource_and_its_logger_the_scope(self) -> None:
        other = Record("line", "stock", "production", "", AT, {"level": 20, "logger": "stock", "text": "x"})

        first, second = logs(line(), line(), other)

        said = known(first.resource.attributes)
        assert said["service.name"] == "shop"
        assert said["service.version"] == "1.2"
        assert said["deployment.environment.name"] == "staging"
        assert [(one.scope.name, len(one.log_records)) for one in first.scope_logs] == [("shop.carts", 2)]
        assert known(second.resource.attributes)["service.name"] == "stock"

    def test_an_exception_is_one_by_the_conventions(self) -> None:
        found = one_log(error(severity="high"))

        said = known(found.attributes)
        assert found.event_name == "exception"
        assert said["exception.type"] == "shop.errors.SoldOut"
        assert said["exception.message"] == "none left"
        assert "direct cause" in said["exception.stacktrace"]
        assert said["exception.stacktrace"].endswith("shop.errors.SoldOut: none left")
        assert said["enginel.error.id"] == ERROR_ID
        assert said["http.response.status_code"] == 500
        assert said["http.route"] == "api/buy/"
        assert (found.trace_id.hex(), found.span_id.hex()) == (TRACE, SPAN)
        assert (found.severity_number, found.severity_text) == (17, "ERROR")

    def test_an_answer_without_exception_is_no_exception(self) -> None:
        found = one_log(answered(404))

        assert found.event_name == "enginel.error"
        assert found.body.string_value == "404 Not Found: POST api/buy/"
        assert "exception.type" not in known(found.attributes)

    def test_an_error_that_is_a_line_is_left_to_the_line(self) -> None:
        sink = otlp_logs.OtlpLogs(otlp.Options("http://127.0.0.1:4318/v1/logs"))

        assert [sink.wants(one) for one in (line(), error(), answered(), logged())] == [True, True, True, False]

    @pytest.mark.parametrize(
        ("level", "number"), [(5, 1), (10, 5), (20, 9), (25, 10), (30, 13), (40, 17), (50, 21), (99, 24)]
    )
    def test_levels_have_numbers(self, level: int, number: int) -> None:
        assert otlp_logs.severity(level) == number

    def test_ids_that_are_none_and_texts_that_are_no_unicode_do_no_harm(self) -> None:
        odd = Record(
            "line",
            "shop",
            "",
            "",
            AT,
            {"level": logging.INFO, "text": "\ud800", "ids": {"trace_id": "zz"}, "fields": {"n": 2**70}},
        )

        found = one_log(odd)

        assert found.body.string_value == "?"
        assert found.trace_id == b""
        assert known(found.attributes)["n"] == str(2**70)


class TestTraces:
    def test_a_request_is_a_server_span(self) -> None:
        found = one_span(span(failed=True))

        assert found.kind == Span.SPAN_KIND_SERVER
        assert (found.trace_id.hex(), found.span_id.hex(), found.parent_span_id.hex()) == (TRACE, SPAN, PARENT)
        assert found.start_time_unix_nano == AT * 1_000_000
        assert found.end_time_unix_nano - found.start_time_unix_nano == 1_500_000_000
        assert found.status.code == Status.STATUS_CODE_ERROR
        said = known(found.attributes)
        assert (said["http.request.method"], said["http.route"], said["url.path"]) == ("POST", "api/buy/", "/api/buy/")
        assert said["http.response.status_code"] == 500

    @pytest.mark.parametrize(
        ("of", "kind"), [("operation", Span.SPAN_KIND_INTERNAL), ("client", Span.SPAN_KIND_CLIENT)]
    )
    def test_operations_and_calls_are_of_their_kinds(self, of: str, kind: int) -> None:
        found = one_span(span(of, host="billing.example.com"))

        assert found.kind == kind
        assert found.status.code == Status.STATUS_CODE_UNSET
        assert known(found.attributes)["server.address"] == "billing.example.com"

    def test_a_run_is_a_span_that_ends_when_the_run_did(self) -> None:
        found = one_span(run())

        assert found.kind == Span.SPAN_KIND_CONSUMER
        assert found.end_time_unix_nano == AT * 1_000_000
        assert found.end_time_unix_nano - found.start_time_unix_nano == 250_000_000
        assert found.parent_span_id.hex() == PARENT
        assert (found.status.code, found.status.message) == (Status.STATUS_CODE_ERROR, "card declined")
        said = known(found.attributes)
        assert (said["celery.task.name"], said["messaging.destination.name"]) == ("shop.tasks.charge", "payments")
        assert (said["messaging.message.id"], said["error.type"]) == ("t-1", "Declined")

    def test_a_run_that_went_well_is_no_error(self) -> None:
        found = one_span(run(state="SUCCESS", exception="", message="", duration=None))

        assert found.status.code == Status.STATUS_CODE_UNSET
        assert found.start_time_unix_nano == found.end_time_unix_nano

    def test_what_has_no_ids_is_no_span(self) -> None:
        sink = otlp_traces.OtlpTraces(otlp.Options("http://127.0.0.1:4318/v1/traces"))

        assert sink.wants(run())
        assert not sink.wants(run(span=""))
        assert not sink.wants(run(trace="0" * 32))

    def test_spans_of_one_service_are_together(self) -> None:
        (found,) = spans(span(), run())

        assert len(found.scope_spans[0].spans) == 2


class TestOptions:
    @pytest.mark.parametrize(
        "given",
        [
            {},
            {"endpoint": "collector:4318"},
            {"endpoint": "ftp://collector/v1/logs"},
            {"endpoint": "http://[::1"},
            {"endpoint": "https://collector/v1/logs", "header": {}},
            {"endpoint": "https://collector/v1/logs", "headers": {"a": "b\nc"}},
            {"endpoint": "https://collector/v1/logs", "timeout": 0},
            {"endpoint": "https://collector/v1/logs", "timeout": 3600},
        ],
    )
    def test_what_cannot_be_used_is_said(self, given: dict[str, Any]) -> None:
        with pytest.raises(OptionsError):
            otlp.read(given)

    def test_nothing_secret_is_shown(self) -> None:
        found = otlp.read({"endpoint": "https://user:secret@collector/v1/logs?key=secret", "headers": {"a": "secret"}})

        assert "secret" not in repr(found)
        assert found.address == "https://collector/v1/logs"
        assert "secret" not in repr(otlp_logs.OtlpLogs(found))

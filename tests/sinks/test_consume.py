"""What drains write for sinks, and who can see how it goes with them."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_httpserver import HTTPServer
from werkzeug import Response

from monitoring.checks import check_sinks
from monitoring.conf import get_config
from monitoring.recording import errors
from monitoring.recording.events import Line, Span
from monitoring.recording.recorder import recorder
from monitoring.sinks.forward import desk, forward
from monitoring.sinks.models import SinkBatch, SinkState
from monitoring.sinks.records import Record, unpack
from tests.sinks.made import AT, IDS, PARENT, SPAN, TRACE

NOW = AT * 1_000_000
COLLECTOR = "https://user:secret@collector.example.com/v1/logs?key=secret"


def turn_on(settings: Any, **sinks: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "SINKS": sinks}


def record_all() -> None:
    recorder.record_fact(Line(NOW, 30, "shop", "a line", IDS, {"password": "hunter2", "cart": 3}))
    recorder.record_fact(Span(NOW, 5_000_000, "request", "GET api/", TRACE, SPAN, PARENT, 200, False, {}))
    errors.report(ValueError("broken"))


def waiting(sink: str) -> list[Record]:
    return [record for row in SinkBatch.objects.filter(sink=sink).order_by("id") for record in unpack(row.body)]


@pytest.mark.usefixtures("eager")
class TestDrains:
    def test_each_sink_gets_what_it_takes(self, settings: Any) -> None:
        turn_on(
            settings,
            otlp_logs={"endpoint": "http://127.0.0.1:9/v1/logs"},
            otlp_traces={"endpoint": "http://127.0.0.1:9/v1/traces"},
            sentry={"dsn": "http://key@127.0.0.1:9/1"},
        )

        record_all()

        assert [one.kind for one in waiting("otlp_logs")] == ["line", "error"]
        assert [one.kind for one in waiting("otlp_traces")] == ["span"]
        (error,) = waiting("sentry")
        assert error.values["chain"][0]["type"] == "ValueError"
        assert (error.service, error.environment) == ("enginel", "production")
        assert waiting("syslog") == []

    def test_what_waits_was_scrubbed(self, settings: Any) -> None:
        turn_on(settings, syslog={"url": "udp://127.0.0.1:9"})

        record_all()

        assert waiting("syslog")[0].values["fields"] == {"password": "[filtered]", "cart": 3}

    def test_what_forwarding_says_of_itself_is_not_forwarded(self, settings: Any) -> None:
        turn_on(settings, syslog={"url": "udp://127.0.0.1:9"})

        recorder.record_fact(Line(NOW, 30, "monitoring.sinks.forward", "Records were not forwarded", {}, {}))

        assert not SinkBatch.objects.exists()

    def test_nothing_is_written_where_no_sink_is_on(self) -> None:
        record_all()

        assert not SinkBatch.objects.exists()
        assert not SinkState.objects.exists()

    def test_a_sink_with_wrong_options_is_off_and_said_to_be(self, settings: Any) -> None:
        turn_on(settings, syslog={"url": "nowhere"}, splunk={}, otlp_logs={"endpoint": "http://127.0.0.1:9/v1/logs"})

        record_all()

        assert not waiting("syslog")
        assert waiting("otlp_logs")
        assert [(one.id, str(one.msg)) for one in check_sinks()] == [
            (
                "monitoring.E014",
                "MONITORING['SINKS']['syslog'] needs a URL that begins with udp:// or tcp:// or tls://.",
            ),
            (
                "monitoring.E014",
                "MONITORING['SINKS'] names 'splunk', which is none of otlp_logs, otlp_traces, sentry, syslog.",
            ),
        ]

    def test_the_oldest_goes_when_a_drain_finds_too_much(self, settings: Any) -> None:
        turn_on(settings, syslog={"url": "udp://127.0.0.1:9"})
        settings.MONITORING = {**settings.MONITORING, "SINK_BACKLOG_BYTES": 900}

        for number in range(20):
            recorder.record_fact(Line(NOW, 30, "shop", f"line {number}", {}, {}))

        texts = [one.values["text"] for one in waiting("syslog")]
        dropped = SinkState.objects.get(pk="syslog").dropped
        assert 0 < dropped == 20 - len(texts)
        assert texts == [f"line {number}" for number in range(dropped, 20)]


def test_no_library_of_a_sink_is_imported_where_none_is_on() -> None:
    code = (
        "import django, sys; django.setup();"
        "from monitoring.intake import consumers; import tasks.sinks; tasks.sinks.forward.run();"
        "found = [n for n in sys.modules if n.startswith(('opentelemetry.proto', 'google.protobuf', 'sentry_sdk', "
        "'monitoring.sinks.otlp', 'monitoring.sinks.se', 'monitoring.sinks.sy'))]; assert not found, found"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "enginel.settings"}
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, **environment})


@pytest.mark.django_db(transaction=True)
class TestShown:
    def test_the_api_says_how_it_goes_and_no_secret(
        self, settings: Any, admin_client: Client, httpserver: HTTPServer
    ) -> None:
        settings.MONITORING = {**settings.MONITORING, "EAGER": True}
        httpserver.expect_request("/v1/logs").respond_with_handler(lambda _: Response(status=503))
        endpoint = httpserver.url_for("/v1/logs").replace("http://", "http://user:secret@")
        turn_on(settings, otlp_logs={"endpoint": f"{endpoint}?key=secret", "headers": {"x-key": "secret"}})
        record_all()
        forward("otlp_logs", desk(get_config()))

        answer = admin_client.get("/api/monitoring/sinks/")

        (found,) = answer.json()["sinks"]
        assert (found["sink"], found["waiting_records"], found["sent"]) == ("otlp_logs", 2, 0)
        assert found["address"] == httpserver.url_for("/v1/logs")
        assert (found["failures"], found["problem"]) == (1, "The collector answered 503.")
        assert found["waiting_bytes"] > 0
        assert found["paused_until"]
        assert b"secret" not in answer.content

    def test_metrics_say_how_it_goes(self, settings: Any, admin_client: Client) -> None:
        SinkState.objects.create(sink="syslog", sent=5, refused=1, dropped=2, failures=3)
        SinkBatch.objects.create(sink="syslog", body=b"x" * 10, size=10, events=1)
        assert b"enginel_sink" not in admin_client.get("/metrics").content
        turn_on(settings, syslog={"url": "udp://127.0.0.1:9"}, sentry={"dsn": "http://key@127.0.0.1:9/1"})

        from monitoring.sinks.families import families

        told = {
            (sample.name, *sample.labels.values()): sample.value
            for family in families(get_config())
            for sample in family.samples
        }

        assert told["enginel_sink_records_total", "dropped", "syslog"] == 2
        assert told["enginel_sink_records_total", "sent", "sentry"] == 0
        assert told["enginel_sink_waiting_bytes", "syslog"] == 10
        assert told["enginel_sink_waiting_seconds", "sentry"] == 0
        assert told["enginel_sink_failures", "syslog"] == 3


class TestCommand:
    def test_it_says_who_took_it(self, settings: Any, httpserver: HTTPServer) -> None:
        httpserver.expect_request("/v1/logs").respond_with_data(b"")
        httpserver.expect_request("/v1/traces").respond_with_data(b"")
        httpserver.expect_request("/api/1/envelope/").respond_with_data(b"{}")
        turn_on(
            settings,
            otlp_logs={"endpoint": httpserver.url_for("/v1/logs")},
            otlp_traces={"endpoint": httpserver.url_for("/v1/traces")},
            sentry={"dsn": f"http://key@127.0.0.1:{httpserver.port}/1"},
            syslog={"url": "udp://127.0.0.1:9"},
        )
        out = StringIO()

        call_command("test_sink", stdout=out)

        lines = out.getvalue().splitlines()
        assert [line.split(" ")[0] for line in lines] == ["otlp_logs", "otlp_traces", "sentry", "syslog"]
        assert all("took it, with trace id" in line for line in lines)
        assert "key@" not in out.getvalue()
        httpserver.check_assertions()

    def test_it_fails_with_a_sink_that_fails(self, settings: Any, httpserver: HTTPServer) -> None:
        httpserver.expect_request("/v1/logs").respond_with_data("who are you?", 401)
        turn_on(settings, otlp_logs={"endpoint": httpserver.url_for("/v1/logs")})
        out = StringIO()

        with pytest.raises(CommandError, match="1 of 1 failed"):
            call_command("test_sink", "otlp_logs", stdout=out)
        assert "failed: The collector answered 401: who are you?" in out.getvalue()

    def test_it_says_what_is_off_or_wrong(self, settings: Any) -> None:
        with pytest.raises(CommandError, match="No sink is on"):
            call_command("test_sink")
        turn_on(settings, syslog={"url": "udp://127.0.0.1:9"})
        with pytest.raises(CommandError, match="'sentry' is not on"):
            call_command("test_sink", "sentry")
        turn_on(settings, syslog={"url": "nowhere"})
        with pytest.raises(CommandError, match="needs a URL"):
            call_command("test_sink")

"""When it is forwarded: at once after a drain, and every few seconds; one sink after the other has its own task."""

from __future__ import annotations

from typing import Any

import pytest
from celery import Celery, current_app
from pytest_httpserver import HTTPServer

from monitoring.conf import get_config
from monitoring.recording.events import Line
from monitoring.recording.recorder import recorder
from monitoring.sinks.models import SinkBatch, SinkState
from tasks import schedule, sinks
from tests.sinks.made import AT, IDS


def test_what_is_drained_is_forwarded(
    db: None, settings: Any, redis_client: Any, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/v1/logs").respond_with_data(b"")
    on = {"otlp_logs": {"endpoint": httpserver.url_for("/v1/logs")}}
    settings.MONITORING = {**settings.MONITORING, "EAGER": True, "SINKS": on}
    monkeypatch.setitem(current_app.conf, "task_always_eager", True)
    recorder.record_fact(Line(AT * 1_000_000, 30, "shop", "a line", IDS, {}))
    assert SinkBatch.objects.exists()

    sinks.forward.apply(throw=True)

    assert not SinkBatch.objects.exists()
    assert SinkState.objects.get().sent == 1


def test_nothing_is_looked_for_where_no_sink_is_on(redis_client: Any) -> None:
    sinks.forward.apply(throw=True)

    assert not list(redis_client.scan_iter(f"{get_config().stream_prefix}:*"))


@pytest.mark.parametrize(("on", "asked"), [({}, False), ({"syslog": {"url": "udp://127.0.0.1"}}, True)])
def test_beat_asks_where_a_sink_is_on(settings: Any, on: dict[str, Any], asked: bool) -> None:
    settings.MONITORING = {**settings.MONITORING, "SINKS": on}
    app = Celery(set_as_current=False)

    schedule.install(app)

    assert ("enginel-forward" in app.conf.beat_schedule) is asked
    assert "tasks.sinks" in app.conf.imports

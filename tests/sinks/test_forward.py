"""Forwarding from rows: what a collector on loopback gets, whoever dies or refuses in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from pytest_httpserver import HTTPServer
from werkzeug import Response

from monitoring.conf import Config, load
from monitoring.sinks import backlog
from monitoring.sinks.forward import Desk, desk, due, forward
from monitoring.sinks.models import SinkBatch
from tests.faults.processes import Thread
from tests.sinks.collector import LOGS, Collector, Verdict, answers, later, state, table_for, write
from tests.sinks.made import line

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def collector(httpserver: HTTPServer) -> Iterator[Collector]:
    yield Collector(httpserver)
    httpserver.check_assertions()


@pytest.fixture
def table(collector: Collector) -> Desk:
    return table_for(collector)


def test_what_waits_is_sent_in_its_order_and_then_gone(collector: Collector, table: Desk) -> None:
    write(line("one"), line("two"))
    write(line("three"))

    assert due(table) == [LOGS]
    assert forward(LOGS, table) is False

    assert collector.requests == [["one", "two", "three"]]
    assert collector.asked[0].headers["Authorization"] == "Bearer collector-secret"
    assert not SinkBatch.objects.exists()
    found = state()
    assert (found.sent, found.refused, found.dropped, found.failures, found.problem) == (3, 0, 0, 0, "")
    assert found.sent_at is not None
    assert due(table) == []


def test_a_collector_that_is_away_is_left_alone_for_a_while_and_nothing_is_lost(
    collector: Collector, table: Desk
) -> None:
    collector.judge = answers(503, 401)
    write(line("one"))

    forward(LOGS, table)
    assert due(table) == []
    assert (state().failures, state().problem) == (1, "The collector answered 503.")
    assert forward(LOGS, table) is False  # nobody asks it before its time
    assert len(collector.requests) == 1

    forward(LOGS, later(table))
    assert (state().failures, state().problem) == (2, "The collector answered 401.")
    assert SinkBatch.objects.get().tries == 0

    forward(LOGS, later(table, 8_000.0))
    assert not SinkBatch.objects.exists()
    assert (state().sent, state().failures, state().problem) == (1, 0, "")


def test_a_collector_says_for_how_long_it_is_left_alone(collector: Collector, table: Desk) -> None:
    collector.judge = answers(429, **{"Retry-After": "120"})
    write(line("one"))
    now = datetime.now(UTC)

    forward(LOGS, replace(table, now=lambda: now))

    assert state().paused_until == now + timedelta(seconds=120)


def test_what_is_left_out_of_a_request_is_counted_and_not_sent_again(collector: Collector, table: Desk) -> None:
    partly = ExportLogsServiceResponse()
    partly.partial_success.rejected_log_records = 1
    partly.partial_success.error_message = "too old"
    collector.judge = lambda _: Response(partly.SerializeToString())
    write(line("one"), line("two"))

    forward(LOGS, table)

    found = state()
    assert (found.sent, found.refused) == (1, 1)
    assert found.refused_problem == "The collector left out 1: too old"
    assert not SinkBatch.objects.exists()


def refusing(poison: str, status: int) -> Verdict:
    return lambda texts: Response("no", status) if poison in texts else Response(b"")


def test_the_record_that_is_refused_is_found_and_the_others_arrive(collector: Collector, table: Desk) -> None:
    collector.judge = refusing("poison", 400)
    write(*[line(f"fine {number}") for number in range(6)], line("poison"))
    write(line("after"))

    forward(LOGS, table)

    assert not SinkBatch.objects.exists()
    taken = [text for texts in collector.requests if "poison" not in texts for text in texts]
    assert sorted(taken) == ["after", *[f"fine {number}" for number in range(6)]]
    found = state()
    assert (found.sent, found.refused) == (7, 1)
    assert found.refused_problem == "The collector answered 400: no."
    assert found.failures == 0


def test_what_makes_a_collector_fail_is_found_by_that_others_are_taken(collector: Collector, table: Desk) -> None:
    collector.judge = refusing("poison", 500)
    write(line("poison"), line("beside"))

    for number in range(20):
        write(line(f"later {number}"))
        forward(LOGS, later(table, 4_000.0 * number))

    assert not SinkBatch.objects.exists()
    assert (state().sent, state().refused) == (21, 1)
    assert "beside" in [text for texts in collector.requests if "poison" not in texts for text in texts]


def test_a_collector_that_takes_nothing_is_not_blamed_on_what_it_is_sent(collector: Collector, table: Desk) -> None:
    collector.judge = lambda _: Response(status=500)
    write(line("one"), line("two"))

    for number in range(15):
        forward(LOGS, later(table, 4_000.0 * number))
    assert (SinkBatch.objects.get().events, state().refused) == (2, 0)

    collector.judge = answers()
    forward(LOGS, later(table, 100_000.0))
    assert (state().sent, state().refused) == (2, 0)


def test_one_sends_at_a_time(collector: Collector, table: Desk) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(_: list[str]) -> Response:
        begun.set()
        go_on.wait(60)
        return Response(b"")

    collector.judge = slow
    write(line("one"))

    first = Thread(lambda: forward(LOGS, table))
    assert begun.wait(60)
    write(line("two"))
    assert forward(LOGS, table) is False
    assert due(table) == []
    go_on.set()
    first.result()
    assert collector.requests == [["one"], ["two"]]


def test_rows_that_nobody_can_read_are_given_up(collector: Collector, table: Desk) -> None:
    SinkBatch.objects.create(sink=LOGS, body=b"nonsense", size=8, events=3)
    write(line("one"))

    forward(LOGS, table)

    assert collector.texts == ["one"]
    assert (state().sent, state().refused, state().refused_problem) == (1, 3, "It cannot be read: error.")


def test_the_oldest_goes_when_too_much_waits(table: Desk) -> None:
    for number in range(10):
        write(line(f"{number} " + "x" * 200))
    size = SinkBatch.objects.first().size  # type: ignore[union-attr]
    small = load({**_values(table.config), "SINK_BACKLOG_BYTES": int(size * 6.5)})

    due(replace(table, config=small))

    left = SinkBatch.objects.order_by("id")
    assert 0 < len(left) <= 6
    assert state().dropped == 10 - len(left)
    assert backlog.trim(LOGS, small.sink_backlog_bytes, table.alias) == 0
    forward(LOGS, table)
    assert state().sent == len(left)


def _values(config: Config) -> dict[str, Any]:
    return {"SINKS": config.sinks}


def test_a_sink_that_is_off_is_sent_nothing(collector: Collector) -> None:
    write(line("one"))
    off = desk(load({}))

    assert due(off) == []
    assert forward(LOGS, off) is False
    assert not collector.requests

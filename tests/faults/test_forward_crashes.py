"""Whoever forwards may die at any moment: what waits arrives all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytest_httpserver import HTTPServer

from monitoring.sinks.forward import due, forward
from monitoring.sinks.models import SinkBatch
from tests.faults.processes import ENDED, end_at, in_child
from tests.sinks.collector import LOGS, Collector, later, state, table_for, write
from tests.sinks.made import line

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize("step", ["take", "send", "settle"])
def test_who_dies_in_the_middle_loses_nothing(httpserver: HTTPServer, step: str) -> None:
    collector = Collector(httpserver)
    table = table_for(collector)
    write(line("one"), line("two"))

    assert in_child(lambda: forward(LOGS, replace(table, step=end_at(step)))) == ENDED

    assert due(table) == []  # it may live
    forward(LOGS, later(table))
    assert collector.requests == [["one", "two"]] * (2 if step == "settle" else 1)
    assert not SinkBatch.objects.exists()
    assert state().sent == 2


def test_what_ends_each_process_that_sends_it_is_given_up_at_last(httpserver: HTTPServer) -> None:
    table = table_for(Collector(httpserver))
    write(line("deadly"))

    deaths = 0
    while SinkBatch.objects.exists() and deaths < 20:
        at = later(table, 4_000.0 * (deaths + 1))
        deaths += in_child(lambda at=at: forward(LOGS, replace(at, step=end_at("send")))) == ENDED  # type: ignore[misc]

    assert deaths == 6
    assert (state().refused, state().refused_problem) == (1, "None of the attempts to send it came to an end.")

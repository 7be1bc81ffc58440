"""What a rule costs does not grow with what there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.alerts.rules.registry import KINDS
from monitoring.errors.groups.models import GroupStatus

from .rows import NOW, ago, counter, durations, errors, found, gauge, group, hour
from .test_states import alert, block, circuit, component, event, finding, queue

pytestmark = pytest.mark.django_db
CASES: dict[str, tuple[dict[str, Any], Callable[[int], None]]] = {
    "new_group": ({}, lambda n: group(name=f"{n}") and None),
    "regression": ({}, lambda n: group(name=f"{n}", status=GroupStatus.REGRESSED, status_at=NOW) and None),
    "error_count": ({"threshold": 1}, lambda n: errors(group(name=f"{n}"), 9)),
    "request_error_rate": ({"threshold": 0.1}, lambda n: durations("request", f"GET {n}/", 30, 30)),
    "latency": ({"threshold_seconds": 0.01}, lambda n: durations("request", f"GET {n}/", 30)),
    "slo_burn_rate": (
        {"objective": 0.999, "group_by": "name"},
        lambda n: durations("request", f"GET {n}/", 300, 300),
    ),
    "task_failure_rate": ({"threshold": 0.1}, lambda n: durations("task", f"t{n}", 30, 30)),
    "queue_age": ({"threshold_seconds": 1}, lambda n: queue(f"q{n}", depth=5, oldest_age=9.0)),
    "queue_length": ({"threshold": 1}, lambda n: queue(f"q{n}", depth=5)),
    "finding": ({"kinds": ["*"]}, lambda n: [finding("worker_down", f"{n}", NOW), event("task_lost", f"{n}", NOW)][0]),
    "health": ({}, lambda n: component(f"c{n}", "unhealthy", since=ago(minutes=1))),
    "metric": ({"names": ["*"], "threshold": 1}, lambda n: gauge(f"g{n}", 5)),
    "no_data": ({"names": ["*"]}, lambda n: hour("request", f"GET {n}/", 5, hours_ago=5)),
    "client_blocked": ({}, lambda n: block(f"203.0.113.{n}/32", NOW)),
    "circuit_open": ({}, lambda n: circuit(f"c{n}")),
    "code": ({"rule": "mine"}, alert),
    "anomaly": ({}, lambda n: finding("anomaly_x", f"{n}", NOW)),
}
MOST = 5


@pytest.mark.parametrize("kind", [*CASES, "counters"])
def test_a_rule_makes_as_many_queries_of_much_as_of_little(kind: str) -> None:
    params, make = CASES.get(kind) or (
        {"names": ["*"], "threshold": 1, "measure": "rate"},
        lambda n: counter(f"c{n}", 9e9),
    )
    name = "metric" if kind == "counters" else kind
    make(0)
    with CaptureQueriesContext(connection) as few:
        little = found(name, params)
    for number in range(1, 20):
        make(number)
    with CaptureQueriesContext(connection) as many:
        much = found(name, params)
    assert len(much) == 20 * len(little) > 0
    assert len(many) == len(few) <= MOST


def test_every_kind_is_looked_at_here() -> None:
    assert set(CASES) == set(KINDS)

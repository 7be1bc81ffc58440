"""Circuits over HTTP: who may, what is shown, and that nobody decides about what has changed since they looked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from monitoring.protection.circuits import deciding, decisions
from monitoring.protection.circuits.models import Circuit, State
from monitoring.recording.resilience.circuits import FAILED
from tests.protection.asking import HOSTILE, JSON, VALUES, assert_for_staff_alone, assert_problem

from .calling import Made, a_circuit, now, put, take_in, the_circuit

URL = "/api/monitoring/circuits/"
pytestmark = pytest.mark.django_db


def post(api: Client, act: str, **body: Any) -> Any:
    row = the_circuit()
    sent = {"version": row.version, "reason": "Maintenance."} | body
    return api.post(f"{URL}{row.pk}/{act}/", sent, content_type=JSON)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "1/"), ("POST", "1/open/"), ("POST", "1/close/"), ("POST", "1/release/")],
)
def test_it_is_for_staff_alone(method: str, path: str) -> None:
    a_circuit()
    assert_for_staff_alone(method, URL + path)
    assert the_circuit().version == 1


def test_circuits_are_listed_with_what_is_counted_and_narrowed_down(api: Client) -> None:
    row = a_circuit(failure_rate=0.25)
    take_in([Made(now()), Made(now(), FAILED), Made(now(), name="unknown")])
    (shown,) = api.get(URL).json()["results"]
    assert (shown["id"], shown["service"], shown["name"], shown["state"]) == (row.pk, "shop", "payments", "closed")
    assert shown["calls"] == {"calls": 2, "failed": 1, "slow": 0}
    assert (shown["thresholds"]["failure_rate"], shown["thresholds"]["minimum"]) == (0.25, 5)
    assert len(api.get(URL, {"state": "closed", "service": "shop"}).json()["results"]) == 1
    assert api.get(URL, {"state": "open"}).json()["results"] == []
    assert_problem(api.get(URL, {"state": "ajar"}), 400)
    assert_problem(api.get(f"{URL}{row.pk + 5}/"), 404)
    assert_problem(api.get(f"{URL}{10**30}/"), 404)


def test_one_is_opened_for_some_time_and_it_is_kept_by_whom(api: Client) -> None:
    a_circuit()
    shown = post(api, "open", seconds=30).json()
    assert (shown["state"], shown["by"], shown["reason"], shown["opened"]) == ("open", "admin", "Maintenance.", 1)
    (entry,) = decisions.entries().values()
    told = json.loads(entry.value)
    assert (told["state"], told["until"] - now() > 20_000, told["void"] > told["until"]) == ("open", True, True)
    assert entry.expires == told["void"]
    assert decisions.entries().keys() == {"shop:payments"}
    shown = post(api, "close").json()
    assert [one["state"] for one in shown["changes"]] == ["closed", "open"]
    assert decisions.entries() == {}


def test_one_that_is_held_stays_as_it_is_until_it_is_released(api: Client) -> None:
    a_circuit(failure_threshold=2)
    assert post(api, "close", hold=True).json()["hold"] == "closed"
    take_in([Made(now(), FAILED) for _ in range(9)])
    assert deciding.decide() == 0
    assert post(api, "open", hold=True).json()["until"] is None
    assert deciding.decide() == 0
    released = post(api, "release").json()
    assert (released["state"], released["hold"]) == ("open", "")
    assert deciding.decide() == 1
    assert the_circuit().state == State.HALF_OPEN


def test_who_looked_at_another_version_decides_nothing(api: Client) -> None:
    row = a_circuit()
    put(State.OPEN, until=60, version=7)
    for act in ("open", "close", "release"):
        assert_problem(post(api, act, version=row.version), 409)
    assert the_circuit().version == 7
    assert post(api, "close").status_code == 200


def test_what_cannot_be_is_refused(api: Client) -> None:
    a_circuit()
    assert "seconds" in assert_problem(post(api, "open", hold=True, seconds=5), 400)["errors"]
    assert "surplus" in assert_problem(post(api, "open", surplus=1), 400)["errors"]
    for name in ("version", "seconds", "hold", "reason"):
        for value in VALUES:
            body = json.dumps({"version": 10**6, "reason": "x", name: value})
            found = api.generic("POST", f"{URL}{the_circuit().pk}/open/", body, JSON)
            assert_problem(found, 400, 409)
    for hostile in HOSTILE:
        assert_problem(api.generic("POST", f"{URL}{the_circuit().pk}/close/", hostile, JSON), 400)
    assert Circuit.objects.get().version == 1

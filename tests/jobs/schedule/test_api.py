"""The schedule over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.access import tokens

from .conftest import Schedule

HOUR = 3600


@pytest.fixture
def api(schedule: Schedule) -> Client:
    admin = get_user_model().objects.create_superuser("admin", password=None)
    return Client(headers={"authorization": f"Bearer {tokens.issue(admin, 1)}"})


def get(api: Client, path: str, status: int = 200) -> Any:
    answer = api.get(f"/api/monitoring/schedule/{path}")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_an_entry_is_shown_with_its_runs_and_what_is_wrong(api: Client, schedule: Schedule) -> None:
    made = schedule.crontab("report", zone="Europe/Berlin")
    schedule.look(-60)
    schedule.publish("report", 0.5, HOUR + 0.5)
    schedule.look(3 * HOUR - 10)
    (entry,) = get(api, "")["results"]
    findings = entry.pop("findings")
    last = entry.pop("last_run")
    assert entry == {
        "id": made.pk,
        "name": "report",
        "task": "shop.report",
        "schedule": "Every hour Europe/Berlin",
        "enabled": True,
        "watched": True,
        "state": "missed",
        "problem": "",
        "next": "2026-11-20T15:00:00Z",
        "last_slot": "2026-11-20T13:00:00Z",
        "kept": 2,
        "late": 0,
        "missed": 1,
        "doubled": 0,
        "failed": 0,
        "overlapped": 0,
        "runs": [
            {"published": "2026-11-20T13:00:00.500000Z", "state": "PUBLISHED"},
            {"published": "2026-11-20T12:00:00.500000Z", "state": "PUBLISHED"},
        ],
    }
    assert (last["slot"], last["beat"], last["started"]) == ("2026-11-20T13:00:00Z", "A", None)
    assert findings[0]["kind"] == "schedule_missed"
    assert findings[0]["detail"]["first"] == "2026-11-20T14:00:00+00:00"


def test_entries_are_found_by_state_and_name_page_by_page(api: Client, schedule: Schedule) -> None:
    for name in ("a", "b", "c"):
        schedule.interval(name, HOUR, enabled=name != "b")
    schedule.look(0)
    assert [row["name"] for row in get(api, "?state=disabled")["results"]] == ["b"]
    assert [row["name"] for row in get(api, "?state=ok,missed")["results"]] == ["a", "c"]
    assert [row["name"] for row in get(api, "?name=c")["results"]] == ["c"]
    page = get(api, "?limit=2")
    assert [row["name"] for row in page["results"]] == ["a", "b"]
    assert [row["name"] for row in api.get(page["next"]).json()["results"]] == ["c"]
    for wrong in ("?state=fine", "?limit=0", "?cursor=x", "?name=%00"):
        assert get(api, wrong, 400)["status"] == 400


def test_runs_are_found_by_the_name_or_id_of_their_entry(api: Client, schedule: Schedule) -> None:
    made = schedule.interval("nightly/report no. 1", HOUR)
    schedule.look(0)
    schedule.run("nightly/report no. 1", 1, 2, "FAILURE")
    schedule.publish("nightly/report no. 1", 3)
    runs = get(api, "nightly/report no. 1/runs/")["results"]
    assert [run["state"] for run in runs] == ["PUBLISHED", "FAILURE"]
    assert runs[1]["ended"] == "2026-11-20T12:00:02Z"
    assert get(api, f"{made.pk}/runs/")["results"] == runs
    assert [run["state"] for run in get(api, f"{made.pk}/runs/?state=FAILURE")["results"]] == ["FAILURE"]
    assert get(api, "other/runs/", 404)["status"] == 404
    assert get(api, "a%00b/runs/", 404)["status"] == 404


def test_beats_are_shown(api: Client, schedule: Schedule) -> None:
    schedule.beat("B", uptime=5.0, entries=7, closing=True)
    schedule.look(0)
    found = get(api, "beats/")
    assert found["missed"] == 0
    assert {beat["node"]: (beat["alive"], beat["working"]) for beat in found["beats"]} == {
        "A": (True, True),
        "B": (False, False),
    }


def test_a_page_costs_the_same_number_of_queries_for_any_number_of_entries(api: Client, schedule: Schedule) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            get(api, "?limit=100")
        return len(queries)

    schedule.interval("one", HOUR)
    schedule.look(0)
    few = cost()
    for n in range(30):
        schedule.interval(f"entry-{n}", HOUR)
        schedule.publish(f"entry-{n}", 1, 2, 3)
    schedule.look(10)
    assert cost() == few


def test_strangers_see_nothing(client: Client, db: None) -> None:
    for path in ("", "beats/", "1/runs/"):
        assert client.get(f"/api/monitoring/schedule/{path}").status_code == 401

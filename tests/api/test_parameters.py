"""Parameters that do not exist are refused by every list: passed over, they would answer with everything."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.settings import api_settings

pytestmark = pytest.mark.django_db

LISTS = [
    *("performance/", "performance/slow/", "tasks/", "tasks/running/", "tasks/sampling/", "tasks/tree/", "workers/"),
    *("errors/", "findings/", "queues/", "queues/any/", "actions/", "schedule/", "schedule/any/runs/", "dead-letters/"),
]


@pytest.mark.usefixtures("redis_client")
@pytest.mark.parametrize("path", LISTS)
def test_a_parameter_that_does_not_exist_is_refused_by_its_name(api: Any, path: str) -> None:
    answer = api.get(f"/api/monitoring/{path}?stat=FAILURE")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert list(answer.json()["errors"]) == ["stat"]
    assert answer.json()["errors"]["stat"][0].startswith("There is no such parameter. There are: ")


@pytest.mark.usefixtures("redis_client")
@pytest.mark.parametrize(
    "asked",
    [
        *("performance/?kind=task&limit=1", "performance/slow/?limit=1&offset=0&kind=task", "tasks/?limit=1&name=a"),
        *("tasks/running/?limit=1", "findings/?limit=1&open=true", "actions/?limit=1", "schedule/?limit=1"),
        "dead-letters/?limit=1&offset=0",
    ],
)
def test_those_of_pages_are_known(api: Any, asked: str) -> None:
    assert api.get(f"/api/monitoring/{asked}").status_code == 200


def test_the_one_by_which_a_project_lets_clients_choose_the_format_is_known(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_settings, "URL_FORMAT_OVERRIDE", "format")
    assert api.get("/api/monitoring/findings/?format=json").status_code == 200


def test_an_offset_is_none_of_a_list_with_cursors(api: Any) -> None:
    errors = api.get("/api/monitoring/findings/?offset=5").json()["errors"]
    assert errors == {
        "offset": ["There is no such parameter. There are: kind, open, subject, since, limit, cursor."],
    }


def test_an_answer_about_very_many_or_long_names_is_short(api: Any) -> None:
    asked = "&".join(f"{number}{'x' * 300}=1" for number in range(50))
    assert len(api.get(f"/api/monitoring/findings/?{asked}").content) < 3_000

"""Names of tasks, queues and workers may hold slashes, and what is no name gets an answer in the one error format."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import resolve

from monitoring.answers.problem import MEDIA_TYPE
from monitoring.jobs import sight

NAMES = ["order/42", "/order//42/", "a\nb", "a/b\n", "é/\N{FOX FACE}", "%2F", "x" * 5_000, "\0", "/\0/", "?x", "a;b#c"]
SHOWN = ["tasks/{}/", "workers/{}/", "queues/{}/", "schedule/{}/runs/"]
ACTED = ["tasks/{}/rerun/", "tasks/{}/revoke/", "queues/{}/purge/"]
WORKER_ACTED = [
    "workers/{}/scale/",
    "workers/{}/rate-limit/",
    "workers/{}/add-consumer/",
    "workers/{}/cancel-consumer/",
]


@pytest.fixture(autouse=True)
def empty(db: None, redis_client: Any) -> Any:
    sight.forget()
    yield
    sight.forget()


@pytest.mark.parametrize("path", [*SHOWN, *ACTED, *WORKER_ACTED])
@pytest.mark.parametrize("safe", ["", "/"])
def test_whatever_the_name_the_answer_is_a_problem(api: Client, path: str, safe: str) -> None:
    for name in NAMES:
        url = f"/api/monitoring/{path.format(quote(name, safe=safe))}"
        for method in ("get", "delete"):
            response = getattr(api, method)(url)
            assert (response.status_code, response["Content-Type"]) in [(404, MEDIA_TYPE), (405, MEDIA_TYPE)], url
        body = {"confirm": name, "expected": 0, "by": 1, "task": "t", "rate": "1/s", "queue": "q"}
        response = api.post(url, body, content_type="application/json")
        assert response.status_code in (400, 404, 405, 409), (url, response.content)
        assert response["Content-Type"] == MEDIA_TYPE


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("path", "view"),
    [
        ("tasks/{}/", "task"),
        ("tasks/{}/rerun/", "rerun"),
        ("tasks/{}/revoke/", "revoke"),
        ("workers/{}/", "worker"),
        ("workers/{}/scale/", "scale"),
        ("workers/{}/rate-limit/", "rate-limit"),
        ("workers/{}/add-consumer/", "add-consumer"),
        ("workers/{}/cancel-consumer/", "cancel-consumer"),
        ("queues/{}/", "queue"),
        ("queues/{}/purge/", "purge"),
        ("schedule/{}/runs/", "schedule-runs"),
    ],
)
def test_every_name_leads_to_its_view(path: str, view: str, name: str) -> None:
    match = resolve(f"/api/monitoring/{path.format(name)}")
    assert match.url_name == view
    assert list(match.kwargs.values()) == [name]

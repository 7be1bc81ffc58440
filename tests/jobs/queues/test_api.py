"""`/api/monitoring/queues/` says which queues are behind, also when nobody samples them."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from celery import Celery
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.conf import get_config
from monitoring.jobs.queues import reader, sample
from monitoring.jobs.queues.models import QueueState
from monitoring.jobs.queues.watch import watch
from monitoring.recording.events import Received, Sent
from monitoring.recording.recorder import recorder
from tests.api.description import description
from tests.pipeline import drain_all

from .conftest import PATIENCE, MakeApp, send

pytestmark = pytest.mark.django_db
URL = "/api/monitoring/queues/"
DOCUMENTED = {
    "name", "depth", "by_priority", "unacked", "unacked_estimated", "oldest_unacked_age", "oldest_age",
    "oldest_age_estimated", "consumers", "workers", "processes", "rate_in", "rate_out", "drain_seconds",
    "drain_seconds_net", "at", "stale",
}  # fmt: skip


@pytest.fixture
def backlog(make_app: MakeApp) -> Celery:
    """Three queues: one far behind, one a little, one empty."""
    app = make_app(task_routes={"a": {"queue": "mails"}, "b": {"queue": "old mails"}})
    for ago, queue in ((10, "mails"), (5, "mails"), (7200, "old mails")):
        send(app, queue, ago=ago)
    watch(get_config())
    return app


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return [queue["name"] for queue in answer.json()["queues"]]


def test_every_queue_is_listed_with_what_is_documented(api: Client, backlog: Celery) -> None:
    answer = api.get(URL).json()
    assert (answer["broker"], answer["supported"], answer["stale"]) == ("redis", True, False)
    assert [queue["name"] for queue in answer["queues"]] == ["mails", "old mails", "orders"]
    mails = answer["queues"][0]
    assert set(mails) == DOCUMENTED
    assert (mails["depth"], mails["by_priority"]["0"], mails["workers"], mails["stale"]) == (2, 2, 0, False)
    assert mails["oldest_age"] == pytest.approx(10, abs=5)


def test_queues_behind_by_some_seconds_can_be_asked_for(api: Client, backlog: Celery) -> None:
    assert names(api.get(URL, {"behind": 3600})) == ["old mails"]
    assert names(api.get(URL, {"behind": "0"})) == ["mails", "old mails"]
    assert names(api.get(URL, {"behind": 9e8})) == []


def test_queues_can_be_found_by_a_part_of_their_name(api: Client, backlog: Celery) -> None:
    assert names(api.get(URL, {"name": "mail"})) == ["mails", "old mails"]
    assert names(api.get(URL, {"name": "no such"})) == []


@pytest.mark.parametrize(
    ("sort", "first"), [("name", "mails"), ("depth", "mails"), ("oldest_age", "old mails"), ("unacked", "mails")]
)
def test_queues_can_be_sorted(api: Client, backlog: Celery, sort: str, first: str) -> None:
    assert names(api.get(URL, {"sort": sort}))[0] == first


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("behind", "-1"), ("behind", "long"), ("behind", "nan"), ("behind", "inf"), ("sort", "-name"), ("name", "\0")],
)
def test_a_bad_parameter_is_named(api: Client, backlog: Celery, parameter: str, value: str) -> None:
    response = api.get(URL, {parameter: value})
    assert response.status_code == 400
    assert list(response.json()["errors"]) == [parameter]


@pytest.mark.parametrize("url", [URL, f"{URL}mails/"])
def test_strangers_are_refused(client: Client, backlog: Celery, url: str) -> None:
    assert client.get(url).status_code == 401


def test_one_queue_is_shown_with_its_history(api: Client, backlog: Celery) -> None:
    for kind, ago in ((Sent, 180), (Sent, 120), (Received, 120)):
        recorder.record(kind(int((time.time() - ago) * 1e9), "shop.sell", "mails"))
    recorder.flush()
    drain_all()
    found = api.get(f"{URL}mails/").json()
    assert set(found) == DOCUMENTED | {"history"}
    history = found["history"]
    assert all(set(minute) == {"minute", "max_depth", "max_age", "sent", "received"} for minute in history)
    assert [(minute["sent"], minute["received"]) for minute in history[:2]] == [(1, 0), (1, 1)]
    assert [minute["max_depth"] for minute in history[:2]] == [None, None]
    assert max(minute["max_depth"] or 0 for minute in history) == 2
    assert sum(minute["sent"] for minute in history) == 4
    assert len(api.get(f"{URL}mails/", {"minutes": 1}).json()["history"]) <= 1


def test_a_name_may_hold_anything(api: Client, make_app: MakeApp) -> None:
    send(make_app(task_default_queue="eu/shop?.ü"), "eu/shop?.ü")
    watch(get_config())
    assert api.get(f"{URL}eu%2Fshop%3F.%C3%BC/").json()["depth"] == 1


def test_a_queue_that_nobody_knows_is_not_found(api: Client, backlog: Celery) -> None:
    answer = api.get(f"{URL}no such/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("minutes", ["0", "-1", "2881", "x", "1_0", "\N{ARABIC-INDIC DIGIT FIVE}"])
def test_a_history_beyond_what_is_kept_is_refused(api: Client, backlog: Celery, minutes: str) -> None:
    assert list(api.get(f"{URL}mails/", {"minutes": minutes}).json()["errors"]) == ["minutes"]


def test_the_stored_sample_is_shown_without_asking_the_broker(
    api: Client, backlog: Celery, redis_calls: list[Any]
) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert len(names(api.get(URL))) == 3
    assert not redis_calls
    assert sum("queuestate" in query["sql"].lower() for query in queries) == 1


def grow_old() -> None:
    """As if nobody had sampled for a while."""
    QueueState.objects.update(at=datetime.now(UTC) - timedelta(minutes=5))


def test_when_nobody_samples_one_sample_is_taken_for_all_who_ask(
    api: Client, backlog: Celery, redis_calls: list[Any]
) -> None:
    grow_old()
    for _ in range(3):
        send(backlog, "mails")
    answer = api.get(URL).json()
    assert {queue["name"]: queue["depth"] for queue in answer["queues"]}["mails"] == 5
    assert not answer["stale"]
    assert not any(queue["stale"] for queue in answer["queues"])
    redis_calls.clear()
    assert names(api.get(URL)) == ["mails", "old mails", "orders"]
    assert not redis_calls


def test_queues_are_shown_before_anybody_ever_sampled(api: Client, app: Celery) -> None:
    send(app, ago=100)
    queue = api.get(URL).json()["queues"][0]
    assert (queue["name"], queue["depth"]) == ("orders", 1)
    assert queue["oldest_age"] == pytest.approx(100, abs=5)


def test_a_broker_that_is_away_shows_the_last_sample_as_stale_and_is_asked_once(
    api: Client, backlog: Celery, make_app: MakeApp, unreachable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow_old()
    make_app(unreachable)
    asked = []
    take = sample.take
    monkeypatch.setattr(sample, "take", lambda config: asked.append(1) or take(config))
    began = time.monotonic()
    for _ in range(3):
        answer = api.get(URL).json()
        assert answer["stale"]
        assert all(queue["stale"] for queue in answer["queues"])
    assert len(asked) == 1
    assert time.monotonic() - began < PATIENCE


def test_a_broker_that_is_not_supported_is_named(api: Client, make_app: MakeApp) -> None:
    make_app("memory://")
    assert api.get(URL).json() == {"broker": "memory", "supported": False, "stale": False, "queues": []}


def test_who_waits_too_long_for_the_one_sample_gets_the_stored_one(
    backlog: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow_old()
    monkeypatch.setattr(reader, "_WAIT", 0.01)
    with reader._flight.lock:
        found = reader.latest()
    assert found.stale
    assert [state.name for state in found.states] == ["mails", "old mails", "orders"]


@pytest.mark.parametrize(("path", "url"), [("queues/", URL), ("queues/{name}/", f"{URL}mails/")])
def test_answers_are_as_described(api: Client, backlog: Celery, path: str, url: str) -> None:
    schema = json.loads(json.dumps(description(api)), object_hook=_nullable)
    described = schema["paths"][f"/api/monitoring/{path}"]["get"]["responses"]["200"]["content"]["application/json"]
    document = {**described["schema"], "components": schema["components"]}
    jsonschema.validate(api.get(url).json(), document, cls=jsonschema.Draft202012Validator)


def _nullable(part: dict[str, Any]) -> dict[str, Any]:
    """Say in JSON Schema's words what OpenAPI 3.0 says with `nullable`."""
    if part.pop("nullable", False) is True and "type" in part:
        part["type"] = [part["type"], "null"]
    return part

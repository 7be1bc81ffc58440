"""Who may act, how a broker that is away is told of, and what can be read of what was done."""

from __future__ import annotations

import json
import socket
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from celery import Celery
from django.contrib.auth import get_user_model
from django.test import Client

from monitoring.jobs.actions import api as actions_api
from monitoring.jobs.actions.kinds import KINDS
from monitoring.jobs.actions.models import Action
from tests.api.description import description

from .conftest import Yard

URL = "/api/monitoring/actions/"
PURGE = "/api/monitoring/queues/shop/purge/"
BODY = {"confirm": "shop", "expected": 0}


def make(**values: Any) -> Action:
    now = datetime.now(UTC)
    given = {"kind": "purge", "target": "shop", "user_id": "1", "user": "anna", "requested_at": now, "state": "done"}
    return Action.objects.create(**given | values)


def test_strangers_and_users_who_are_not_on_the_staff_may_not(app: Any, db: None) -> None:
    assert Client().post(PURGE, BODY, content_type="application/json").status_code == 401
    user = get_user_model().objects.create_user("bob")
    client = Client()
    client.force_login(user)
    assert client.post(PURGE, BODY, content_type="application/json").status_code == 403
    assert client.get(URL).status_code == 403
    assert not Action.objects.exists()


def test_a_session_needs_djangos_token_against_forgery(app: Any, admin: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    assert client.post(PURGE, BODY, content_type="application/json").status_code == 403
    assert not Action.objects.exists()


def test_it_is_written_down_who_did_what(act: Any, admin: Any) -> None:
    answer = act("queues/shop/purge", **BODY).json()
    action = Action.objects.get()
    assert answer["id"] == str(action.pk)
    assert set(answer) == {
        *("id", "kind", "target", "parameters", "state", "detail", "facts"),
        *("user", "address", "requested_at", "finished_at"),
    }
    assert (answer["user"], answer["address"]) == ("admin", "127.0.0.1")
    assert (action.user_id, len(action.token)) == (str(admin.pk), 15)
    assert answer["parameters"] == BODY
    assert action.finished_at is not None


def test_a_key_makes_a_repeated_request_harmless(act: Any) -> None:
    first, second = (act("queues/shop/purge", "again", **BODY).json() for _ in range(2))
    assert first == second
    other = act("queues/shop/purge", "again", **BODY | {"expected": 7})
    assert other.status_code == 422
    assert Action.objects.count() == 1


def test_a_key_of_another_form_is_refused(act: Any) -> None:
    response = act("queues/shop/purge", "two words", **BODY)
    assert (response.status_code, list(response.json()["errors"])) == (400, ["Idempotency-Key"])


def test_one_that_is_being_carried_out_is_to_be_asked_for_again(
    act: Any, admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.jobs.actions.carry_out._PATIENCE", 0.1)
    make(key="busy", user_id=str(admin.pk), state="performing", performing_at=datetime.now(UTC), parameters=BODY)
    response = act("queues/shop/purge", "busy", **BODY)
    assert (response.status_code, response["Retry-After"]) == (409, "2")


@pytest.fixture
def refusing_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_broker_that_is_away_is_told_of_soon_and_changes_nothing(
    act: Any, yard: Yard, refusing_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Celery("away", broker=f"redis://127.0.0.1:{refusing_port}/0", set_as_current=False)
    monkeypatch.setattr(actions_api, "app_or_default", lambda: away)
    before = time.monotonic()
    response = act("queues/shop/purge", "key", **BODY)
    assert response.status_code == 503
    assert response.json()["detail"].startswith("The broker does not answer: ")
    assert response.json()["detail"].endswith("Connection refused. Nothing was changed.")
    assert time.monotonic() - before < 20
    assert (Action.objects.get().state, Action.objects.get().key) == ("failed", None)
    away.close()


def test_a_broker_that_hangs_is_told_of_too(act: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        hung = Celery("hung", broker=f"redis://127.0.0.1:{server.getsockname()[1]}/0", set_as_current=False)
        monkeypatch.setattr(actions_api, "app_or_default", lambda: hung)
        assert act("queues/shop/purge", **BODY).status_code == 503
        hung.close()


def test_without_heartbeats_nothing_is_done(act: Any, settings: Any, refusing_port: int) -> None:
    settings.MONITORING = {**settings.MONITORING, "REDIS_URL": f"redis://127.0.0.1:{refusing_port}/0"}
    response = act("workers/celery@x/scale", by=1)
    assert response.status_code == 503
    assert "heartbeats" in response.json()["detail"]


def test_it_answers_as_it_is_described(api: Client, act: Any) -> None:
    described = description(api)
    paths = {path: methods for path, methods in described["paths"].items() if path.startswith("/api/monitoring/")}
    posts = {kind: path for kind in KINDS for path in paths if path.endswith(f"}}/{kind}/")}
    assert posts.keys() == KINDS.keys()
    for path in posts.values():
        assert paths[path]["post"]["security"] == [{"adminToken": []}, {"cookieAuth": []}]
    purge = paths[posts["purge"]]["post"]
    answered = [
        act("queues/shop/purge", **BODY),
        act("queues/typo/purge", confirm="typo", expected=0),
        act("queues/shop/purge"),
    ]
    assert [response.status_code for response in answered] == [200, 404, 400]
    for response in answered:
        check(described, purge, response.status_code, response["Content-Type"], response.json())
    (row,) = api.get(URL).json()["results"]
    check(described, purge, 200, "application/json", row)


def check(described: dict[str, Any], operation: dict[str, Any], status: int, media_type: str, body: Any) -> None:
    wanted = operation["responses"][str(status)]["content"][media_type]["schema"]
    components = json.loads(json.dumps(described["components"]).replace('"nullable"', '"_"'))
    jsonschema.validate(body, {**wanted, "components": components}, cls=jsonschema.Draft202012Validator)


def test_actions_are_listed_the_newest_first_in_pages(api: Client) -> None:
    now = datetime.now(UTC)
    made = [str(make(requested_at=now - timedelta(minutes=age)).pk) for age in (2, 0, 1)]
    page = api.get(URL, {"limit": 2}).json()
    assert [row["id"] for row in page["results"]] == [made[1], made[2]]
    rest = api.get(page["next"]).json()
    assert [row["id"] for row in rest["results"]] == [made[0]]


@pytest.mark.parametrize(
    ("parameter", "value", "matching"),
    [
        ("kind", "scale", {"kind": "scale"}),
        ("state", "refused", {"state": "refused"}),
        ("target", "celery@a", {"target": "celery@a"}),
        ("user", "bert", {"user": "bert"}),
    ],
)
def test_the_list_can_be_narrowed_down(api: Client, parameter: str, value: str, matching: dict[str, Any]) -> None:
    make()
    wanted = make(**matching)
    assert [row["id"] for row in api.get(URL, {parameter: value}).json()["results"]] == [str(wanted.pk)]


def test_the_list_can_begin_at_a_time(api: Client) -> None:
    make(requested_at=datetime.now(UTC) - timedelta(days=2))
    late = make()
    since = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    assert [row["id"] for row in api.get(URL, {"since": since}).json()["results"]] == [str(late.pk)]


def test_one_whose_process_ended_in_the_middle_is_unknown(api: Client) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    lost = make(state="performing", performing_at=long_ago, requested_at=long_ago)
    make(state="performing", performing_at=datetime.now(UTC), requested_at=long_ago)
    (shown,) = api.get(URL, {"state": "unknown"}).json()["results"]
    assert (shown["id"], shown["state"]) == (str(lost.pk), "unknown")
    assert "ended before it was seen whether it was done" in shown["detail"]


@pytest.mark.parametrize("parameter", ["kind", "state", "since", "limit", "cursor"])
def test_a_bad_parameter_of_the_list_is_named(api: Client, parameter: str) -> None:
    response = api.get(URL, {parameter: "nonsense"})
    assert (response.status_code, list(response.json()["errors"])) == (400, [parameter])


def test_a_long_list_costs_as_many_queries_as_a_short_one(
    api: Client, settings: Any, django_assert_num_queries: Any
) -> None:
    settings.MONITORING = {**settings.MONITORING, "ENABLED": False}
    for _ in range(20):
        make()
    with django_assert_num_queries(2):  # the token, the page
        api.get(URL)


def test_the_admin_pages_change_nothing(admin: Any, app: Any, client: Client) -> None:
    client.force_login(admin)
    action = make(state="performing", requested_at=datetime.now(UTC) - timedelta(hours=1))
    page = f"/admin/monitoring/action/{action.pk}/"
    assert "unknown" in client.get("/admin/monitoring/action/").content.decode()
    assert client.get(f"{page}change/").status_code == 200
    assert client.post(f"{page}change/", {"state": "done"}).status_code == 403
    assert client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert Action.objects.get().state == "performing"


def test_the_admin_page_of_messages_leaves_the_bytes_in_the_database(admin: Any, app: Any, client: Client) -> None:
    from monitoring.jobs.actions.models import StoredMessage

    StoredMessage.objects.create(
        task_id="t", name="n", service="s", captured=datetime.now(UTC), body="BYTES", arguments="shown"
    )
    client.force_login(admin)
    page = client.get("/admin/monitoring/storedmessage/t/change/").content.decode()
    assert "shown" in page
    assert "BYTES" not in page

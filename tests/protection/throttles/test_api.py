"""Throttles over HTTP: who may, what is refused, what is kept, and what processes are told."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from monitoring.access import tokens
from monitoring.protection.throttles import actions, decisions
from monitoring.protection.throttles.limit import Limit
from monitoring.protection.throttles.models import Throttle
from monitoring.recording.decisions import copy
from monitoring.recording.enforcement.asked import digest_of
from tests.protection.asking import HOSTILE, JSON, VALUES, assert_for_staff_alone, assert_problem

URL = "/api/monitoring/protection/throttles/"
BODY: dict[str, Any] = {"scope": "client", "match": "203.0.113.0/24", "rate": 2, "burst": 10, "per": "client"}
LIMIT = Limit("all", "*", 1.0, 1, "all")


def now() -> datetime:
    return datetime.now(UTC)


def make(**values: Any) -> Throttle:
    row = actions.create(LIMIT, "anna", now())
    Throttle.objects.filter(pk=row.pk).update(**values)
    return Throttle.objects.get(pk=row.pk)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("POST", ""), ("GET", "1/"), ("PATCH", "1/"), ("DELETE", "1/")]
)
def test_it_is_for_staff_alone(db: None, method: str, path: str) -> None:
    assert_for_staff_alone(method, URL + path)
    assert not Throttle.objects.exists()


def test_one_is_made_changed_and_ended_and_it_is_kept_by_whom(api: Client) -> None:
    made = api.post(URL, BODY | {"reason": "A crawler."}, content_type=JSON)
    assert made.status_code == 201
    shown = made.json()
    assert (shown["state"], shown["origin"], shown["created_by"]) == ("active", "manual", "admin")
    assert (shown["match"], shown["rate"], shown["burst"]) == ("203.0.113.0/24", 2.0, 10)
    one = f"{URL}{shown['id']}/"
    changed = api.patch(one, {"rate": 0.5, "enabled": False}, content_type=JSON).json()
    assert (changed["rate"], changed["state"], changed["changed_by"]) == (0.5, "disabled", "admin")
    assert api.delete(one).status_code == 204
    assert_problem(api.delete(one), 404)
    assert_problem(api.patch(one, {"rate": 1}, content_type=JSON), 409)
    assert (api.get(one).json()["state"], api.get(one).json()["ended_by"]) == ("ended", "admin")
    assert api.get(URL).json()["results"] == []
    assert [row["id"] for row in api.get(URL, {"state": "ended"}).json()["results"]] == [shown["id"]]


@pytest.mark.parametrize("member", ["scope", "match", "rate", "burst"])
def test_what_is_needed_is_needed(api: Client, member: str) -> None:
    body = {name: value for name, value in BODY.items() if name != member}
    told = assert_problem(api.post(URL, body, content_type=JSON), 400)
    assert list(told["errors"]) == [member]


@pytest.mark.parametrize(
    ("values", "member"),
    [
        ({"match": "somewhere"}, "match"),
        ({"scope": "token"}, "match"),
        ({"expires": "2020-01-01T00:00:00Z"}, "expires"),
        ({"rate": 0}, "rate"),
        ({"burts": 3}, "burts"),
    ],
)
def test_what_no_request_could_be_compared_with_is_refused(api: Client, values: dict[str, Any], member: str) -> None:
    told = assert_problem(api.post(URL, BODY | values, content_type=JSON), 400)
    assert list(told["errors"]) == [member]


def test_hostile_bodies_are_refused_and_change_nothing(api: Client) -> None:
    one = f"{URL}{make().pk}/"
    for body in HOSTILE:
        assert_problem(api.generic("POST", URL, body, JSON), 400)
        assert_problem(api.generic("PATCH", one, body, JSON), 400)
    for member in (*BODY, "reason", "expires", "enabled"):
        for value in VALUES:
            text = json.dumps(BODY | {member: value})
            assert api.generic("POST", URL, text, JSON).status_code in {201, 400}
            Throttle.objects.exclude(created_by="anna").delete()
            assert api.generic("PATCH", one, json.dumps({member: value}), JSON).status_code in {200, 400}
    for path in (f"{URL}0/", f"{URL}{2**63}/", f"{URL}{10**30}/"):
        assert_problem(api.get(path), 404)
        assert_problem(api.delete(path), 404)
    for query in ({"state": "x"}, {"scope": "\0"}, {"cursor": "x"}, {"limit": "-1"}, {"colour": "red"}):
        assert_problem(api.get(URL, query), 400)


def test_the_list_is_narrowed_down_and_read_page_by_page(api: Client) -> None:
    soon = now() + timedelta(hours=1)
    rows = {
        "active": make(expires=soon),
        "disabled": make(enabled=False, origin="recovery"),
        "expired": make(expires=now() - timedelta(seconds=1)),
        "ended": make(ended=now()),
    }
    for state, row in rows.items():
        assert [one["id"] for one in api.get(URL, {"state": state}).json()["results"]] == [row.pk]
    assert [one["id"] for one in api.get(URL, {"origin": "recovery"}).json()["results"]] == [rows["disabled"].pk]
    page = api.get(URL, {"limit": 2}).json()
    assert [one["id"] for one in page["results"]] == [rows["expired"].pk, rows["disabled"].pk]
    assert [one["id"] for one in api.get(page["next"]).json()["results"]] == [rows["active"].pk]


def test_what_is_in_force_is_what_processes_are_told(db: None) -> None:
    soon = now() + timedelta(hours=1)
    active, lasting = make(expires=soon), make()
    for values in ({"enabled": False}, {"expires": now()}, {"ended": now()}):
        make(**values)
    told = decisions.entries()
    assert told.keys() == {str(active.pk), str(lasting.pk)}
    assert told[str(active.pk)].expires == int(soon.timestamp() * 1000)
    assert told[str(lasting.pk)].expires is None
    assert json.loads(told[str(lasting.pk)].value) == {
        "scope": "all",
        "match": "*",
        "rate": 1.0,
        "burst": 1,
        "per": "all",
        "reason": "",
    }


@pytest.mark.usefixtures("eager")
def test_processes_know_at_once(api: Client, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        pk = str(api.post(URL, BODY, content_type=JSON).json()["id"])
    assert copy.get("throttle", pk) is not None
    with django_capture_on_commit_callbacks(execute=True):
        api.patch(f"{URL}{pk}/", {"rate": 9}, content_type=JSON)
    assert json.loads(str(copy.get("throttle", pk)))["rate"] == 9.0
    with django_capture_on_commit_callbacks(execute=True):
        api.delete(f"{URL}{pk}/")
    assert copy.get("throttle", pk) is None


def test_only_so_many_stand_as_requests_can_be_compared_with(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MOST", 2)
    make(ended=now())
    for _ in range(2):
        make()
    assert_problem(api.post(URL, BODY, content_type=JSON), 409)
    actions.end_all("anna", now())
    assert api.post(URL, BODY, content_type=JSON).status_code == 201


def test_a_token_is_known_by_what_is_stored_of_it(api: Client, admin: Any) -> None:
    token = tokens.issue(admin, 1)
    stored = tokens.find(token)
    assert digest_of(f"Bearer {token}") == stored.digest == hashlib.sha512(token.encode()).hexdigest()
    body = BODY | {"scope": "token", "match": stored.token_key.upper()}
    assert api.post(URL, body, content_type=JSON).json()["match"] == stored.token_key
    assert_problem(api.post(URL, body | {"match": token}, content_type=JSON), 400)

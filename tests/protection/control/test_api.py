"""Blocks over HTTP: who may, what is listed, what people block and unblock, and what is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from monitoring.protection.blocks import actions
from monitoring.protection.blocks.models import Block, BlockTotal
from monitoring.protection.notices.models import Notice
from monitoring.recording.decisions import copy
from tests.protection.asking import HOSTILE, JSON, VALUES, assert_for_staff_alone, assert_problem

from .making import active, make, now

ROOT = "/api/monitoring/protection/"
URL = f"{ROOT}blocks/"


def block(api: Client, network: Any, **values: Any) -> Any:
    return api.post(URL, {"network": network, **values}, content_type=JSON)


def unblock(api: Client, network: Any) -> Any:
    return api.post(f"{ROOT}unblock/", {"network": network}, content_type=JSON)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", ""), ("GET", "blocks/"), ("POST", "blocks/"), ("GET", "blocks/1/")),
        *(("POST", "blocks/1/unblock/"), ("POST", "unblock/")),
    ],
)
def test_it_is_for_staff_alone(db: None, method: str, path: str) -> None:
    assert_for_staff_alone(method, ROOT + path)
    assert not Block.objects.exists()


def test_a_block_by_hand_ends_by_itself_and_it_is_known_who_made_it(api: Client) -> None:
    response = block(api, "203.0.113.7", seconds=600, reason="It scans for doors.")
    shown = response.json()
    assert response.status_code == 201
    assert (shown["network"], shown["state"], shown["origin"]) == ("203.0.113.7/32", "active", "api")
    assert (shown["created_by"], shown["reason"]) == ("admin", "It scans for doors.")
    row = Block.objects.get()
    assert row.expires - row.started == timedelta(seconds=600)
    assert api.get(f"{URL}{row.pk}/").json() == shown
    assert BlockTotal.objects.get().outcome == "api"


def test_it_lasts_as_long_as_any_unless_it_is_said_how_long(api: Client, settings: Any) -> None:
    settings.IP_BLOCK_DURATION_SECONDS = 120
    block(api, "2001:db8::7")
    row = Block.objects.get()
    assert (row.network, row.expires - row.started) == ("2001:db8::/64", timedelta(seconds=120))


def test_a_second_block_takes_the_place_of_the_first(api: Client) -> None:
    block(api, "203.0.113.7", seconds=60)
    block(api, "203.0.113.7", seconds=600)
    first, second = Block.objects.order_by("pk")
    assert (first.ended_by, second.ended) == ("admin", None)
    assert active() == {"203.0.113.7/32"}


def test_of_two_who_block_the_same_at_once_one_does(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make("203.0.113.7")
    monkeypatch.setattr(actions, "end", lambda *_: 0)  # the other one came after this one had looked
    assert "Somebody else" in assert_problem(block(api, "203.0.113.7"), 409)["detail"]
    assert (Block.objects.count(), BlockTotal.objects.count()) == (1, 0)


def test_it_is_told_as_any_other(api: Client, settings: Any) -> None:
    settings.SLACK_NOTIFICATION_URL = "http://localhost:3001/notify"
    block(api, "203.0.113.7", reason="It scans for doors.")
    assert "admin: It scans for doors." in Notice.objects.get().message["text"]


@pytest.mark.parametrize("network", ["198.51.100.1", "127.0.0.1", "0.0.0.0/0", "10.1.2.3", "192.0.2.1", "198.18.0.9"])
def test_who_must_not_be_blocked_is_not(api: Client, settings: Any, network: str) -> None:
    settings.MONITORING = {
        **settings.MONITORING,
        "TRUSTED_PROXIES": ["10.0.0.0/8"],
        "ALLOWED_CLIENTS": ["192.0.2.0/24"],
    }
    api.post(f"{ROOT}allowed/", {"network": "198.18.0.0/15"}, content_type=JSON)
    assert_problem(block(api, network), 409)
    assert not Block.objects.exists()


def test_nobody_blocks_their_own_address_whatever_header_they_send(api: Client, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "TRUSTED_PROXIES": ["198.51.100.0/24"]}
    sent = {"network": "203.0.113.7"}
    for forwarded in ("203.0.113.7", "192.0.2.1, 203.0.113.7", "192.0.2.1,203.0.113.7, 198.51.100.9"):
        response = api.post(URL, sent, content_type=JSON, headers={"x-forwarded-for": forwarded})
        assert "yourself" in assert_problem(response, 409)["detail"]


@pytest.mark.parametrize("seconds", [0, -1, None, 10**9, "for ever", 1.5])
def test_a_block_without_an_end_is_refused(api: Client, seconds: Any) -> None:
    assert list(assert_problem(block(api, "203.0.113.7", seconds=seconds), 400)["errors"]) == ["seconds"]


def test_in_a_dry_run_it_would_do_nothing(api: Client, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "PROTECTION": "dry_run"}
    assert "dry_run" in assert_problem(block(api, "203.0.113.7"), 409)["detail"]


def test_hostile_input_is_refused(api: Client) -> None:
    pk = make().pk
    for body in HOSTILE:
        assert_problem(api.generic("POST", URL, body, JSON), 400)
        assert_problem(api.generic("POST", f"{ROOT}unblock/", body, JSON), 400)
    for member in ("network", "seconds", "reason"):
        for value in VALUES:
            text = json.dumps({"network": "203.0.113.9", member: value})
            assert api.generic("POST", URL, text, JSON).status_code in {201, 400}
    for value in VALUES:
        assert_problem(api.generic("POST", f"{ROOT}unblock/", json.dumps({"network": value}), JSON), 400)
    for path in (f"{URL}0/", f"{URL}{2**63}/", f"{URL}{10**30}/"):
        assert_problem(api.get(path), 404)
        assert_problem(api.post(f"{path}unblock/"), 404)
    for query in ({"state": "x"}, {"network": "\0"}, {"network": "x"}, {"origin": ""}, {"cursor": "x"}, {"id": pk}):
        assert_problem(api.get(URL, query), 400)
    assert Block.objects.get(pk=pk).ended is None


def test_the_list_is_narrowed_down_and_read_page_by_page(api: Client) -> None:
    rows = {
        "active": make("203.0.113.7", started=now() - timedelta(hours=3)),
        "expired": make("203.0.113.8", started=now() - timedelta(hours=2), expires=now()),
        "ended": make("203.0.113.0/24", started=now() - timedelta(hours=1), ended=now(), origin="manual"),
        "withheld": make("2001:db8::/64", withheld="shared"),
    }
    for state, row in rows.items():
        found = api.get(URL, {"state": state}).json()["results"]
        assert [(one["id"], one["state"]) for one in found] == [(row.pk, state)]
    assert [one["state"] for one in api.get(URL).json()["results"]] == ["withheld", "ended", "expired", "active"]
    assert [one["state"] for one in api.get(URL, {"network": "203.0.113.7"}).json()["results"]] == ["ended", "active"]
    assert [one["state"] for one in api.get(URL, {"origin": "manual"}).json()["results"]] == ["ended"]
    page = api.get(URL, {"limit": 3}).json()
    assert [one["state"] for one in api.get(page["next"]).json()["results"]] == ["active"]
    assert "evidence" not in page["results"][0]
    assert api.get(f"{URL}{rows['active'].pk}/").json()["evidence"] == {"samples": [{"route": "GET api/x/"}]}


def test_unblocking_an_address_ends_whatever_refuses_it(api: Client) -> None:
    for text in ("203.0.113.7", "203.0.113.0/24", "203.0.113.8", "2001:db8::/64"):
        make(text)
    assert unblock(api, "203.0.113.7").json() == {"unblocked": ["203.0.113.7/32", "203.0.113.0/24"]}
    assert unblock(api, "203.0.113.7").json() == {"unblocked": []}
    assert unblock(api, "2001:db8::1:2:3:4").json() == {"unblocked": ["2001:db8::/64"]}
    assert active() == {"203.0.113.8/32"}
    assert Block.objects.get(network="203.0.113.7/32").ended_by == "admin"


def test_unblocking_a_network_ends_the_blocks_inside_of_it_and_around(api: Client) -> None:
    for text in ("203.0.113.7", "203.0.113.8", "203.0.0.0/16", "203.0.112.7", "2001:db8::/64"):
        make(text)
    assert unblock(api, "203.0.113.0/24").json()["unblocked"] == ["203.0.113.7/32", "203.0.113.8/32", "203.0.0.0/16"]
    assert active() == {"203.0.112.7/32", "2001:db8::/64"}


def test_one_block_is_ended_once(api: Client) -> None:
    pk, withheld = make().pk, make("203.0.113.8", withheld="dry_run").pk
    shown = api.post(f"{URL}{pk}/unblock/").json()
    assert (shown["state"], shown["ended_by"]) == ("ended", "admin")
    assert "ended" in assert_problem(api.post(f"{URL}{pk}/unblock/"), 409)["detail"]
    assert "withheld" in assert_problem(api.post(f"{URL}{withheld}/unblock/"), 409)["detail"]


@pytest.mark.usefixtures("eager")
def test_processes_know_at_once(api: Client, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        block(api, "203.0.113.7")
    assert copy.get("block", "4:32:cb007107") is not None
    with django_capture_on_commit_callbacks(execute=True):
        unblock(api, "203.0.113.7")
    assert copy.get("block", "4:32:cb007107") is None

"""The allow-list over HTTP and in the admin: who may, what is refused, what it ends, and what processes are told."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client

from monitoring.protection.allowed import actions, decisions
from monitoring.protection.allowed.models import AllowedNetwork, AllowedQuerySet
from monitoring.protection.blocks.models import Block
from monitoring.recording.decisions import copy
from tests.protection.asking import HOSTILE, JSON, VALUES, assert_for_staff_alone, assert_problem
from tests.protection.control.making import active, make, now

URL = "/api/monitoring/protection/allowed/"
PAGE = "/admin/monitoring/allowednetwork/"


def allow(api: Client, network: str, **values: Any) -> Any:
    return api.post(URL, {"network": network, **values}, content_type=JSON)


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", ""), ("GET", "1/"), ("DELETE", "1/")])
def test_it_is_for_staff_alone(db: None, method: str, path: str) -> None:
    assert_for_staff_alone(method, URL + path)
    assert not AllowedNetwork.objects.exists()


def test_allowing_a_network_ends_the_blocks_inside_of_it_and_no_others(api: Client) -> None:
    for text in ("203.0.113.7", "203.0.113.128/25", "203.0.112.1", "203.0.0.0/16", "2001:db8::/64"):
        make(text)
    make("203.0.113.9", withheld="dry_run")
    shown = allow(api, "203.0.113.0/24", comment="The office").json()
    assert (shown["network"], shown["comment"], shown["created_by"]) == ("203.0.113.0/24", "The office", "admin")
    assert shown["unblocked"] == 2
    assert active() == {"203.0.112.1/32", "203.0.0.0/16", "2001:db8::/64"}
    assert Block.objects.get(network="203.0.113.7/32").ended_by == "admin, allowing 203.0.113.0/24"
    assert Block.objects.get(withheld="dry_run").ended is None
    assert allow(api, "2001:db8::/48").json()["unblocked"] == 1


def test_it_is_known_who_put_it_there_and_who_took_it_off(api: Client) -> None:
    pk = allow(api, "203.0.113.7").json()["id"]
    assert [row["network"] for row in api.get(URL).json()["results"]] == ["203.0.113.7/32"]
    assert api.delete(f"{URL}{pk}/").status_code == 204
    assert_problem(api.delete(f"{URL}{pk}/"), 404)
    shown = api.get(f"{URL}{pk}/").json()
    assert (shown["ended_by"], shown["ended"] is None) == ("admin", False)
    assert api.get(URL).json()["results"] == []
    assert len(api.get(URL, {"state": "ended", "network": "203.0.113.7"}).json()["results"]) == 1


def test_a_new_entry_takes_the_place_of_the_old_one(api: Client) -> None:
    first = allow(api, "203.0.113.7", comment="one").json()["id"]
    AllowedNetwork.objects.filter(pk=first).update(expires=now())  # over, but nobody took it off
    assert allow(api, "203.0.113.7", comment="two").status_code == 201
    assert [row["comment"] for row in api.get(URL).json()["results"]] == ["two"]
    with pytest.raises(IntegrityError):
        AllowedNetwork.objects.create(network="203.0.113.7/32", created=now())


def test_what_is_refused(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for network in ("0.0.0.0/0", "::/0"):
        assert_problem(allow(api, network), 409)
    for network in ("203.0.113.7/24", "everybody", "fe80::1%eth0", "", 7, None):
        assert list(assert_problem(allow(api, network), 400)["errors"]) == ["network"]
    assert list(assert_problem(allow(api, "203.0.113.7", expires="2020-01-01"), 400)["errors"]) == ["expires"]
    assert list(assert_problem(allow(api, "203.0.113.7", until="2030-01-01"), 400)["errors"]) == ["until"]
    monkeypatch.setattr(actions, "MOST", 1)
    assert allow(api, "203.0.113.7").status_code == 201
    assert_problem(allow(api, "203.0.113.8"), 409)


def test_of_two_who_allow_the_same_at_once_one_does(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    AllowedNetwork.objects.create(network="203.0.113.7/32", created=now())
    monkeypatch.setattr(AllowedQuerySet, "update", lambda *_, **__: 0)  # the other one came after this one had looked
    assert "Somebody else" in assert_problem(allow(api, "203.0.113.7"), 409)["detail"]
    assert AllowedNetwork.objects.count() == 1


def test_hostile_input_is_refused(api: Client) -> None:
    for body in HOSTILE:
        assert_problem(api.generic("POST", URL, body, JSON), 400)
    for member in ("network", "comment", "expires"):
        for value in VALUES:
            text = json.dumps({"network": "203.0.113.7", member: value})
            assert api.generic("POST", URL, text, JSON).status_code in {201, 400}
    for path in (f"{URL}0/", f"{URL}{10**30}/"):
        assert_problem(api.get(path), 404)
    for query in ({"state": "x"}, {"network": "\0"}, {"cursor": "x"}, {"colour": "red"}):
        assert_problem(api.get(URL, query), 400)


def test_what_is_in_force_is_what_processes_are_told(db: None) -> None:
    soon = now() + timedelta(hours=1)
    rows = [
        AllowedNetwork.objects.create(network=network, created=now(), **values)
        for network, values in (
            ("203.0.113.0/24", {"expires": soon}),
            ("2001:db8::/32", {}),
            ("203.0.113.1/32", {"expires": now()}),
            ("203.0.113.2/32", {"ended": now()}),
        )
    ]
    told = decisions.entries()
    assert told.keys() == {"4:24:cb0071", "6:32:20010db8"}
    first = told["4:24:cb0071"]
    assert (first.value, first.expires) == (str(rows[0].pk), int(soon.timestamp() * 1000))
    assert told["6:32:20010db8"].expires is None


@pytest.mark.usefixtures("eager")
def test_processes_know_at_once(api: Client, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        pk = allow(api, "203.0.113.0/24").json()["id"]
    assert copy.get("allow", "4:24:cb0071") is not None
    with django_capture_on_commit_callbacks(execute=True):
        api.delete(f"{URL}{pk}/")
    assert copy.get("allow", "4:24:cb0071") is None


def test_the_admin_page_goes_by_the_same_rules(browser: Client) -> None:
    make("203.0.113.7")
    sent = {"network": "203.0.113.0/24", "comment": "The office", "expires_0": "", "expires_1": ""}
    assert browser.post(f"{PAGE}add/", sent).status_code == 302
    row = AllowedNetwork.objects.get()
    assert (row.created_by, active()) == ("admin", set())
    assert browser.post(f"{PAGE}add/", sent | {"comment": "Again"}).status_code == 302
    assert AllowedNetwork.objects.filter(ended=None).count() == 1
    for network in ("0.0.0.0/0", "nowhere"):
        page = browser.post(f"{PAGE}add/", sent | {"network": network})
        assert (page.status_code, "errorlist" in page.content.decode()) == (200, True)
    assert browser.get(f"{PAGE}{row.pk}/change/").status_code == 200
    assert browser.get(f"{PAGE}{row.pk}/delete/").status_code == 403
    chosen = {"action": "take_off", "_selected_action": list(AllowedNetwork.objects.values_list("pk", flat=True))}
    assert "1 network taken off." in browser.post(PAGE, chosen, follow=True).content.decode()
    assert not AllowedNetwork.objects.filter(ended=None).exists()

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.groups import merging, users
from monitoring.errors.groups.models import ErrorGroup, GroupHour
from tests.api.conftest import admin, api

from .making import at, group, meet, occur, scope

__all__ = ["admin", "api"]

GROUPS = "/api/monitoring/errors/groups/"


def listed(api: Client, **query: Any) -> list[int]:
    answer = api.get(GROUPS, query)
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["results"]]


def patch(api: Client, path: str, **values: Any) -> Any:
    return api.patch(f"{GROUPS}{path}", values, content_type="application/json")


def post(api: Client, path: str, **values: Any) -> Any:
    return api.post(f"{GROUPS}{path}", values, content_type="application/json")


def bug_of(one: ErrorGroup) -> KnownBug:
    number = KnownBug.all_objects.count() + 1
    return KnownBug.objects.create(bug_id=f"B-{number:03}", group=one, title="no", fingerprint=f"f{number}")


def test_strangers_see_nothing(client: Client, db: None) -> None:
    assert client.get(GROUPS).status_code == 401
    assert client.patch(f"{GROUPS}{group().pk}/").status_code == 401


def test_a_list_shows_roots_with_what_they_add_up_to(api: Client) -> None:
    root, single = group("root", 0, first_release="1.0"), group("single", 5)
    member = group("member", -10, first_release="0.9")
    occur(root, [1, 2], "1.1")
    occur(member, [30])
    meet(root, ["anna", "ben"])
    meet(member, ["ben", "carl"])
    bug_of(member)
    merging.merge(root.pk, [member.pk], None)

    found = {one["title"]: one for one in api.get(GROUPS).json()["results"]}

    assert list(found) == ["root", "single"]  # the member was seen last
    shown = found["root"]
    assert (shown["count"], shown["users"], shown["users_exact"], shown["members"]) == (5, 3, True, 1)
    assert shown["first_seen"].startswith("2026-11-20T11:50")
    assert shown["last_seen"].startswith("2026-11-20T12:30")
    assert (shown["first_release"], shown["bug_id"]) == ("0.9", "B-001")
    assert (found["single"]["id"], found["single"]["bug_id"], found["single"]["ignored"]) == (single.pk, None, None)


def test_users_beyond_a_thousand_are_estimated_over_members(api: Client) -> None:
    many, few, alone = group(minutes=3), group(), group(minutes=2)
    users.add(scope(), {many.pk: {f"u{n}" for n in range(1500)}, alone.pk: {f"u{n}" for n in range(1001)}})
    users.add(scope(), {few.pk: {f"u{n}" for n in range(1400, 1900)}})
    merging.merge(many.pk, [few.pk], None)

    first, second = api.get(GROUPS).json()["results"]

    assert (first["users_exact"], second["users_exact"]) == (False, False)
    assert abs(first["users"] - 1900) < 95
    assert abs(second["users"] - 1001) < 51


@pytest.mark.parametrize("order", ["last_seen", "first_seen", "count", "users"])
def test_pages_hold_every_group_once_in_order_with_and_without_members(api: Client, order: str) -> None:
    for place in range(12):
        one = group(f"g{place}", place * 7 % 5, count=place * 3 % 4)
        if place % 3 == 0:
            ErrorGroup.objects.filter(pk=one.pk).update(last_seen=at(place))
            meet(one, [f"{place}-{number}" for number in range(place)])
    pks = list(ErrorGroup.objects.order_by("pk").values_list("pk", flat=True))
    merging.merge(pks[0], [pks[1], pks[2]], None)
    merging.merge(pks[7], [pks[9]], None)
    whole = api.get(GROUPS, {"order": order}).json()["results"]

    paged, address, backwards = [], f"{GROUPS}?order={order}&limit=2", []
    while address:
        answer = api.get(address).json()
        paged += answer["results"]
        address, last = answer["next"], answer
    while last["previous"]:
        last = api.get(last["previous"]).json()
        backwards = last["results"] + backwards

    assert paged == whole
    assert len(paged) == 9
    assert backwards == whole[: len(backwards)]
    assert [one[order] for one in whole] == sorted((one[order] for one in whole), reverse=True)


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ({"status": "resolved,ignored"}, {"status": "ignored"}),
        ({"service": "billing"}, {"service": "billing"}),
        ({"environment": "staging"}, {"environment": "staging"}),
        ({"severity": "high"}, {"severity": "high"}),
        ({"category": "not_found"}, {"category": "not_found"}),
        ({"error_type": "KeyError"}, {"error_type": "KeyError"}),
        ({"kind": "log"}, {"kind": "log"}),
        ({"name": "GET a/"}, {"name": "GET a/"}),
        ({"status_code": 404}, {"status_code": 404}),
        ({"search": "BOLT"}, {"title": "out of bolts"}),
        ({"search": "bolt"}, {"culprit": "shop.bolts.take"}),
        ({"since": "2026-11-20T12:10:00Z"}, {"last_seen": at(10)}),
        ({"until": "2026-11-20T12:00:00Z"}, {"first_seen": at(-1)}),
    ],
)
def test_lists_are_narrowed_down_to_what_a_group_is(api: Client, query: dict[str, Any], values: dict[str, Any]) -> None:
    group("other")
    one = group(**{"title": "one", **values})

    assert listed(api, **query) == [one.pk]


@pytest.mark.parametrize("query", [{"error_type": "KeyError"}, {"search": "bolts"}, {"release": "2.0"}])
def test_a_root_is_found_by_what_one_of_its_members_is(api: Client, query: dict[str, Any]) -> None:
    root, other, stranger = group(), group(), group()
    member = group("out of bolts", error_type="KeyError")
    occur(member, [3], "2.0")
    merging.merge(root.pk, [member.pk], None)
    merging.merge(other.pk, [stranger.pk], None)

    assert listed(api, **query) == [root.pk]
    assert listed(api, since=at(2).isoformat()) == [root.pk]
    assert listed(api, until=at(2).isoformat(), **query) == [root.pk]


def test_lists_are_narrowed_down_by_bug_release_and_assignee(api: Client, admin: Any) -> None:
    one, root, member = group(), group(minutes=1), group()
    ErrorGroup.objects.filter(pk=one.pk).update(assignee=admin)
    occur(one, [-1], "1.0")
    bug_of(member)
    hidden = bug_of(one)
    hidden.delete()
    merging.merge(root.pk, [member.pk], None)

    assert listed(api, has_bug="true") == [root.pk]
    assert listed(api, has_bug="false") == [one.pk]
    assert listed(api, release="1.0") == listed(api, assignee="admin") == [one.pk]
    assert listed(api, assignee="nobody") == []


@pytest.mark.parametrize(
    "query",
    [
        {"status": "open"},
        {"order": "id"},
        {"until": "2026-01-01T00:00:00Z", "since": "2026-01-02T00:00:00Z"},
        {"cursor": "x"},
        {"statuses": "resolved"},
        {"status_code": "x"},
    ],
)
def test_wrong_parameters_are_refused(api: Client, query: dict[str, Any]) -> None:
    answer = api.get(GROUPS, query)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_group_in_full(api: Client, admin: Any) -> None:
    now = datetime.now(UTC)
    root, member = group("root"), group("member", count=0)
    minutes = (now - at(0)).total_seconds() / 60
    first, latest = minutes - 13 * 1440 - 61, minutes - 1
    occur(member, [first], "1.0")
    occur(root, [minutes - 23 * 60], "1.1", kept="")
    occur(root, [latest], "1.1")
    meet(root, ["anna"])
    bug_of(root)
    bug_of(member)
    post(api, f"{root.pk}/comments/", text="It is the cache.")
    assert post(api, f"{root.pk}/merge/", groups=[member.pk]).status_code == 200

    found = api.get(f"{GROUPS}{root.pk}/").json()

    assert (found["group"]["count"], found["group"]["bug_id"], found["group"]["members"]) == (4, "B-001", 1)
    assert [one["title"] for one in found["merged"]] == ["member"]
    assert len(found["fingerprints"]) == 2
    assert len(found["last_24_hours"]["counts"]) == 24
    assert sum(found["last_24_hours"]["counts"]) == 2
    assert len(found["last_14_days"]["counts"]) == 14
    assert sum(found["last_14_days"]["counts"]) == 3
    assert found["last_14_days"]["counts"][0] == 1
    assert [(one["release"], one["count"]) for one in found["releases"]] == [("1.0", 1), ("1.1", 2)]
    assert found["first_error"] == str(member.errors.get().error_id)
    assert found["latest_error"] == str(root.errors.exclude(kept="").get().error_id)
    assert [(one["kind"], one["who"]) for one in found["history"]] == [
        ("merged", "admin"),
        ("merged", "admin"),
        ("comment", "admin"),
    ]
    assert found["history"][-1]["detail"] == {"text": "It is the cache."}

    alone = api.get(f"{GROUPS}{member.pk}/").json()
    assert (alone["group"]["merged_into"], alone["group"]["count"], alone["merged"]) == (root.pk, 1, [])

    assert post(api, f"{root.pk}/unmerge/", groups=[member.pk]).json()["merged"] == []


def test_a_group_of_which_nothing_is_kept_has_no_errors(api: Client) -> None:
    found = api.get(f"{GROUPS}{group().pk}/").json()

    assert (found["first_error"], found["latest_error"], found["history"]) == (None, None, [])


def test_deciding_by_one_request(api: Client, admin: Any) -> None:
    one = group()

    shown = patch(api, f"{one.pk}/", status="ignored", count=5, rate=9, minutes=60, assignee="admin").json()["group"]
    assert (shown["status"], shown["assignee"]) == ("ignored", "admin")
    assert shown["ignored"] == {"until": None, "count": 5, "rate": 9, "minutes": 60}

    occur(one, [1, 2], "1.0")
    assert api.get(f"{GROUPS}{one.pk}/").json()["group"]["ignored"]["count"] == 3
    for values, expected in [
        ({"status": "resolved"}, ("resolved", "", "admin")),
        ({"status": "resolved_in_release"}, ("resolved_in_release", "", "admin")),
        ({"status": "resolved_in_release", "release": "1.2"}, ("resolved_in_release", "1.2", "admin")),
        ({"status": "unresolved", "assignee": None}, ("unresolved", "", None)),
    ]:
        shown = patch(api, f"{one.pk}/", **values).json()["group"]
        assert (shown["status"], shown["resolved_release"], shown["assignee"]) == expected
    until = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    shown = patch(api, f"{one.pk}/", status="ignored", until=until.isoformat()).json()["group"]
    assert datetime.fromisoformat(shown["ignored"]["until"]) == until


def test_a_decision_is_carried_out_as_a_whole_or_not_at_all(api: Client) -> None:
    one = group()

    assert patch(api, f"{one.pk}/", status="resolved_in_release", assignee="admin").status_code == 409
    assert ErrorGroup.objects.get().assignee is None
    assert patch(api, f"{one.pk}/", assignee="admin").json()["group"]["status"] == "unresolved"


def test_deciding_about_several_tells_which_it_changed(api: Client) -> None:
    one, other = group(), group()
    patch(api, f"{one.pk}/", status="resolved")

    answer = patch(api, "", groups=[one.pk, other.pk], status="resolved")

    assert (answer.status_code, answer.json()) == (200, {"changed": [other.pk]})


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"status": "regressed"},
        {"status": "gone"},
        {"title": "other"},
        {"status": "resolved", "release": "1.0"},
        {"status": "resolved", "until": "2200-01-01"},
        {"status": "ignored", "until": "2020-01-01T00:00:00Z"},
        {"status": "ignored", "count": 0},
        {"status": "ignored", "rate": 5},
        {"status": "ignored", "minutes": 5},
        {"count": 5, "assignee": None},
        {"assignee": "nobody"},
        {"status": "resolved_in_release", "release": "x" * 201},
    ],
)
def test_decisions_that_mean_nothing_are_refused(api: Client, values: dict[str, Any]) -> None:
    one = group()

    assert patch(api, f"{one.pk}/", **values).status_code == 400
    assert not one.entries.exists()


def test_what_cannot_be_done_is_told(api: Client) -> None:
    root, foreign, member = group(), group(service="billing"), group()
    merging.merge(root.pk, [member.pk], None)
    gone = 10**9

    refused = post(api, f"{root.pk}/merge/", groups=[foreign.pk])
    assert refused.status_code == 409
    assert 'of the service "billing"' in refused.json()["detail"]
    assert patch(api, f"{member.pk}/", status="resolved").status_code == 409
    assert patch(api, f"{root.pk}/", status="resolved_in_release").status_code == 409
    assert post(api, f"{foreign.pk}/unmerge/", groups=[member.pk]).status_code == 409
    for path, values in [("merge/", {"groups": [gone]}), ("unmerge/", {"groups": [gone]})]:
        assert post(api, f"{root.pk}/{path}", **values).status_code == 404
    assert post(api, f"{gone}/comments/", text="no").status_code == 404
    assert api.get(f"{GROUPS}{gone}/").status_code == api.get(f"{GROUPS}{2**70}/").status_code == 404
    assert patch(api, f"{2**70}/", status="resolved").status_code == 404
    for values in [{"groups": []}, {"groups": [2**70]}, {"groups": ["x"]}, {"groups": [1] * 101}, {}]:
        assert post(api, f"{root.pk}/merge/", **values).status_code == 400
    assert post(api, f"{root.pk}/comments/", text=" ").status_code == 400


def test_what_a_list_and_a_group_cost_does_not_grow(api: Client) -> None:
    def make(number: int) -> ErrorGroup:
        for place in range(number):
            root, member = group(), group()
            users.add(scope(), {root.pk: {f"u{n}" for n in range(1001)}, member.pk: {"anna"}})
            merging.merge(root.pk, [member.pk], None)
            occur(group(), [1], f"1.{place}")
            exact, joined = group(), group()
            users.add(scope(), {exact.pk: {"anna"}, joined.pk: {"anna"}})
            merging.merge(exact.pk, [joined.pk], None)
        for place in range(number):
            occur(root, [place], f"1.{place}")
            GroupHour.objects.get_or_create(group=member, hour=place)
        return root

    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert api.get(address).status_code == 200
        return len(queries)

    root = make(1)
    before = (cost(GROUPS), cost(f"{GROUPS}{root.pk}/"))
    root = make(3)

    assert before == (cost(GROUPS), cost(f"{GROUPS}{root.pk}/"))
    assert before[0] <= 12
    assert before[1] <= 18


def test_a_session_of_the_staff_may_decide_too(client: Client, admin: Any) -> None:
    get_user_model().objects.create_user("visitor")
    client.force_login(admin)

    assert client.get(GROUPS).status_code == 200

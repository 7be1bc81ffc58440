"""`/api/monitoring/errors/<id>/`: all that is known of one error, whatever is left of it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.log.models import ErrorLog

from .rows import full, make_group, slim, store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_client")]


def ask(api: Client, row: ErrorLog) -> dict[str, Any]:
    answer = api.get(f"/api/monitoring/errors/{row.error_id}/")
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


class TestInFull:
    def test_frames_have_their_lines_and_locals(self, api: Client) -> None:
        (row,) = store(full(make_group()))
        outer, inner = ask(api, row)["exceptions"][0]["frames"]
        assert (outer["source"], outer["locals"]) == ([], {})
        assert {**inner, "source": inner["source"][1]} == {
            "module": "shop.prices",
            "file": "/srv/shop/prices.py",
            "function": "total",
            "line": 7,
            "in_app": True,
            "source": {"line": 7, "text": "    return sum(price(item) for item in basket)"},
            "locals": {"basket": "[17]"},
        }

    def test_the_chain_says_how_one_came_of_another(self, api: Client) -> None:
        (row,) = store(full(make_group()))
        raised = ask(api, row)["exceptions"]
        assert [(one["type"], one["link"]) for one in raised] == [("shop.errors.PriceError", ""), ("KeyError", "cause")]

    def test_what_happened_before_is_told(self, api: Client) -> None:
        (row,) = store(full(make_group()))
        assert ask(api, row)["crumbs"] == [
            {"timestamp": "2026-11-18T11:06:40.000Z", "level": "INFO", "logger": "shop.views", "text": "basket of 1"},
            {"timestamp": "2026-11-18T11:06:40.500Z", "level": "query", "logger": "", "text": "SELECT"},
        ]

    def test_the_request_is_told(self, api: Client) -> None:
        (row,) = store(full(make_group()))
        assert ask(api, row)["request"] == {
            "method": "POST",
            "route": "api/basket/",
            "url": "https://shop.example/api/basket/?page=2",
            "query": {"page": "2"},
            "client": "192.0.2.7",
            "user_agent": "curl/8",
        }

    def test_the_group_is_the_one_that_it_was_merged_into(self, api: Client) -> None:
        root = make_group(title="root", count=5, status="ignored")
        member = make_group(title="member", count=2, merged_into=root)
        KnownBug.objects.create(bug_id="B-007", group=root, fingerprint="x", title="A bug")
        (row,) = store(full(member))
        group = ask(api, row)["group"]
        assert (group["id"], group["title"], group["status"], group["count"]) == (root.pk, "root", "ignored", 7)
        assert group["bugs"] == [{"bug_id": "B-007", "status": "open", "github_issue_url": ""}]
        assert group["first_seen"] <= group["last_seen"]

    def test_neighbours_are_kept_ones_of_the_whole_group(self, api: Client) -> None:
        root = make_group()
        member = make_group(merged_into=root)
        before, row, _, after, _ = store(
            full(member, ago=50),
            full(root, ago=40),
            slim(root, ago=30),
            full(member, ago=20),
            full(make_group(), ago=35),
        )
        answer = ask(api, row)
        assert (answer["previous"], answer["next"]) == (str(before.error_id), str(after.error_id))
        assert (ask(api, before)["previous"], ask(api, after)["next"]) == (None, None)

    def test_neighbours_of_the_same_moment_are_told_apart(self, api: Client) -> None:
        group = make_group()
        (first,) = store(full(group))
        second, third = store(full(group, created=first.created), full(group, created=first.created))
        assert (ask(api, second)["previous"], ask(api, second)["next"]) == (str(first.error_id), str(third.error_id))

    def test_a_row_that_a_program_wrote_may_hold_anything(self, api: Client) -> None:
        broken: Any = [
            1,
            {"frames": "none", "source": 3},
            {"type": 5, "frames": [[1], ["m", "f", "g", 1, 0]], "source": {"1": 7}, "locals": {"1": []}},
        ]
        row = ErrorLog.objects.create(
            message="x", chain=broken, crumbs=[1, [1], ["x", "", "", ""]], context=["a"], request_data=3
        )
        answer = ask(api, row)
        assert [len(raised["frames"]) for raised in answer["exceptions"]] == [0, 1]
        assert (answer["crumbs"], answer["context"], answer["request"]) == ([], ["a"], None)
        assert (answer["group"], answer["previous"], answer["next"], answer["nearest"]) == (None, None, None, None)
        for column in ("chain", "crumbs"):
            setattr(row, column, {"no": "list"})
        row.save()
        assert (ask(api, row)["exceptions"], ask(api, row)["crumbs"]) == ([], [])


class TestSlim:
    def test_it_says_what_it_was_and_shows_the_nearest_that_is_kept(self, api: Client) -> None:
        group = make_group()
        _, row, near = store(full(group, ago=90), slim(group, ago=50), full(group, ago=40, exception_message="near"))
        answer = ask(api, row)
        assert (answer["kept"], answer["error_type"], answer["exceptions"]) == ("", "PriceError", [])
        assert answer["nearest"]["error_id"] == str(near.error_id) == answer["next"]
        assert answer["nearest"]["error_message"] == "near"
        assert answer["nearest"]["exceptions"][0]["frames"]

    def test_there_may_be_none(self, api: Client) -> None:
        (row,) = store(slim(make_group()))
        assert ask(api, row)["nearest"] is None

    def test_one_that_is_kept_needs_no_other(self, api: Client) -> None:
        group = make_group()
        row, _ = store(full(group, ago=1), full(group))
        assert ask(api, row)["nearest"] is None


def test_it_takes_as_many_queries_whatever_the_group_holds(api: Client) -> None:
    def queries(row: ErrorLog) -> int:
        with CaptureQueriesContext(connection) as counted:
            ask(api, row)
        return len(counted)

    group = make_group()
    row, _, _ = store(slim(group, ago=50), full(group, ago=60), full(group, ago=40))
    few = queries(row)
    for _ in range(5):
        store(*(full(make_group(merged_into=group), ago=ago) for ago in range(10)))
    assert queries(row) == few


@pytest.mark.parametrize("error_id", [uuid.uuid4(), "nonsense", "1"])
def test_an_id_that_is_not_there_is_not_found(api: Client, error_id: Any) -> None:
    answer = api.get(f"/api/monitoring/errors/{error_id}/")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_strangers_are_refused(client: Client) -> None:
    assert client.get(f"/api/monitoring/errors/{uuid.uuid4()}/").status_code == 401

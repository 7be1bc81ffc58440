"""`/api/monitoring/errors/`: the documented live view, and whatever else is asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.errors.log.models import ErrorLog

from .rows import full, make_group, slim, store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_client")]

URL = "/api/monitoring/errors/"
DOCUMENTED = [
    "timestamp", "error_type", "error_message", "severity", "user_id", "request_path", "context", "traceback",
]  # fmt: skip


def ids(answer: dict[str, Any]) -> list[str]:
    return [error["error_id"] for error in answer["errors"]]


def ask(api: Client, **asked: Any) -> dict[str, Any]:
    answer = api.get(URL, asked)
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


class TestLiveView:
    def test_it_has_the_documented_form(self, api: Client) -> None:
        store(full(make_group(), traceback="Traceback…", severity="high"))
        answer = ask(api, limit=50)
        assert answer["count"] == 1
        (error,) = answer["errors"]
        assert list(error)[: len(DOCUMENTED)] == DOCUMENTED
        assert (error["error_type"], error["error_message"]) == ("PriceError", "no price for 17")
        assert (error["severity"], error["user_id"], error["request_path"]) == ("ERROR", 5, "/api/basket/")
        assert (error["context"]["item"], error["traceback"]) == (17, "Traceback…")
        moment = datetime.fromisoformat(error["timestamp"])
        assert error["timestamp"].endswith("Z")
        assert abs(datetime.now(UTC) - moment) < timedelta(minutes=5)

    def test_it_is_the_last_hour_the_newest_first(self, api: Client) -> None:
        rows = store(full(ago=3_700), full(ago=3_000), full(ago=10), full(ago=100))
        assert ids(ask(api)) == [str(rows[place].error_id) for place in (2, 3, 1)]
        assert ids(ask(api, limit=1)) == [str(rows[2].error_id)]

    def test_nothing_happened(self, api: Client) -> None:
        assert ask(api) == {"count": 0, "next": None, "previous": None, "errors": []}

    def test_of_a_slim_row_the_group_says_what_it_was(self, api: Client) -> None:
        group = make_group(severity="critical")
        store(slim(group, error_type="", severity="", url_pattern="api/basket/<int:pk>/"))
        (error,) = ask(api)["errors"]
        assert (error["error_type"], error["error_message"]) == ("PriceError", "no price for <id>")
        assert (error["severity"], error["kept"], error["traceback"]) == ("CRITICAL", "", "")
        assert (error["request_path"], error["context"]) == ("/api/basket/<int:pk>/", {})

    @pytest.mark.parametrize(
        ("values", "shown"),
        [
            ({"user_key": "anna"}, "anna"),
            ({"user_key": ""}, None),
            ({"user_key": "", "user_id": 7}, 7),
            ({"user_key": "٣"}, "٣"),
        ],
    )
    def test_a_users_id_is_a_number_where_it_is_one(self, api: Client, values: dict[str, Any], shown: Any) -> None:
        store(full(**values))
        assert ask(api)["errors"][0]["user_id"] == shown

    @pytest.mark.parametrize(
        ("values", "shown"),
        [
            ({"context": {"path": "/told/"}, "request_data": {"path": "/asked/"}}, "/told/"),
            ({"request_data": {"path": "/asked/"}}, "/asked/"),
            ({"full_url": "https://shop.example"}, "/"),
            ({"full_url": "http://[bad"}, "http://[bad"),
            ({"full_url": "", "url_pattern": "api/x/"}, "/api/x/"),
            ({"full_url": "", "url_pattern": "", "context": [], "request_data": "no"}, None),
        ],
    )
    def test_the_path_is_what_is_known_best(self, api: Client, values: dict[str, Any], shown: Any) -> None:
        store(full(**{"context": {}, "request_data": {}} | values))
        assert ask(api)["errors"][0]["request_path"] == shown

    def test_errors_that_a_program_wrote_are_there(self, api: Client) -> None:
        ErrorLog.objects.create(service="django", error_type="TimeoutError", severity="high", message="slow")
        (error,) = ask(api)["errors"]
        assert (error["error_type"], error["error_message"], error["severity"]) == ("TimeoutError", "slow", "ERROR")
        assert (error["group"], error["kept"], error["user_id"]) == (None, "manual", None)


class TestFilters:
    @pytest.mark.parametrize(
        ("asked", "values"),
        [
            ({"service": "mail"}, {"service": "mail"}),
            ({"severity": "critical"}, {"severity": "critical"}),
            ({"severity": "CRITICAL,INFO"}, {"severity": "low"}),
            ({"type": "KeyError"}, {"error_type": "KeyError"}),
            ({"type": "a.b.KeyError"}, {"exception_type": "a.b.KeyError"}),
            ({"name": "tasks.mail"}, {"name": "tasks.mail"}),
            ({"route": "api/x/"}, {"url_pattern": "api/x/"}),
            ({"status": "404"}, {"status_code": 404}),
            ({"user": "9"}, {"user_key": "9"}),
            ({"trace": "cd" * 16}, {"trace_id": "cd" * 16}),
            ({"task": "51d377f0"}, {"task_id": "51d377f0"}),
            ({"kept": "false"}, {"kept": ""}),
        ],
    )
    def test_each_finds_its_errors(self, api: Client, asked: dict[str, str], values: dict[str, Any]) -> None:
        _, wanted = store(full(ago=7_200), full(ago=7_300, **values))
        assert ids(ask(api, **asked)) == [str(wanted.error_id)]

    def test_a_group_includes_what_was_merged_into_it(self, api: Client) -> None:
        root, other = make_group(), make_group()
        member = make_group(merged_into=root)
        first, second, _ = store(full(root, ago=1), full(member, ago=2), full(other, ago=3))
        answer = ask(api, group=root.pk)
        assert ids(answer) == [str(first.error_id), str(second.error_id)]
        assert [error["group"] for error in answer["errors"]] == [root.pk, root.pk]
        assert ids(ask(api, group=member.pk)) == [str(second.error_id)]

    def test_a_day_is_looked_through_unless_more_is_asked_for(self, api: Client) -> None:
        old, _ = store(full(ago=90_000, service="mail"), full(ago=90_000, trace_id="cd" * 16))
        assert ids(ask(api, service="mail")) == []
        assert ids(ask(api, service="mail", since=(old.created - timedelta(1)).isoformat())) == [str(old.error_id)]
        assert len(ids(ask(api, trace="cd" * 16))) == 1

    def test_a_window_has_two_ends(self, api: Client) -> None:
        rows = store(*(full(ago=3_600 * hours) for hours in range(5)))
        since, until = rows[3].created, rows[1].created
        answer = ask(api, since=since.isoformat(), until=until.isoformat())
        assert ids(answer) == [str(rows[2].error_id), str(rows[3].error_id)]
        assert api.get(URL, {"since": until.isoformat(), "until": since.isoformat()}).status_code == 400

    @pytest.mark.parametrize(
        "asked",
        [{"limit": "0"}, {"limit": "501"}, {"severity": "bad"}, {"status": "x"}, {"group": "-1"}, {"cursor": "?"},
         {"kept": "yes"}, {"since": "soon"}, {"stat": "5"}],
    )  # fmt: skip
    def test_wrong_values_are_refused_by_name(self, api: Client, asked: dict[str, str]) -> None:
        answer = api.get(URL, asked)
        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == list(asked)

    def test_strangers_are_refused(self, client: Client) -> None:
        assert client.get(URL).status_code == 401


class TestPages:
    def test_cursors_lead_through_all_errors_of_one_moment(self, api: Client) -> None:
        moment = datetime.now(UTC)
        rows = store(*(full(created=moment) for _ in range(7)))
        seen, url, pages = [], f"{URL}?limit=3", 0
        while url:
            answer = api.get(url).json()
            seen, url, pages = seen + ids(answer), answer["next"], pages + 1
        assert seen == [str(row.error_id) for row in reversed(rows)]
        assert pages == 3

    def test_it_takes_as_many_queries_for_one_as_for_many(self, api: Client) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as counted:
                ask(api)
            return len(counted)

        store(full(make_group()))
        few = queries()
        for _ in range(20):
            store(full(make_group()), slim(make_group()))
        assert queries() == few

    def test_lists_leave_frames_in_the_database(self, api: Client) -> None:
        store(full(make_group()))
        with CaptureQueriesContext(connection) as counted:
            ask(api)
        assert not any('"monitoring_errorlog"."chain"' in query["sql"] for query in counted)

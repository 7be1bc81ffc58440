"""The admin pages of the log: statistics, filters, search, bugs of errors, a traceback that can be read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.errors.admin import ErrorLogAdmin
from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.log import admin as pages
from monitoring.errors.log.models import ErrorLog
from monitoring.errors.log.statistics import error_stats

from .rows import count_hours, full, make_group, slim, store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_client")]

URL = "/admin/monitoring/errorlog/"
NOW = datetime(2026, 11, 22, 12, 40, tzinfo=UTC)
HOUR = int(NOW.timestamp() // 3600)


@pytest.fixture
def root(client: Client, admin: Any) -> Client:
    client.force_login(admin)
    return client


def listed(root: Client, **asked: str) -> set[str]:
    page = root.get(URL, asked)
    assert page.status_code == 200
    return {error.exception_message for error in page.context["cl"].result_list}


class TestStatistics:
    def test_totals_are_by_severity_status_and_type(self) -> None:
        count_hours(make_group(severity="high", status_code=503, error_type="A"), [(HOUR, 5), (HOUR - 23, 1)])
        count_hours(make_group(severity="low", status_code=404, error_type="404"), [(HOUR - 24, 7), (HOUR - 168, 9)])
        day, week = error_stats(NOW)
        assert (day["total"], week["total"]) == (6, 13)
        assert day["severities"] == [("high", 6)]
        assert week["statuses"] == [(404, 7), (503, 6)]
        assert week["types"] == [("404", 7), ("A", 6)]

    def test_what_programs_wrote_is_in_them(self) -> None:
        ErrorLog.objects.create(severity="low", status_code=400, error_type="X", timestamp=NOW)
        assert [window["total"] for window in error_stats(NOW)] == [1, 1]

    def test_they_are_shown_above_the_list(self, root: Client) -> None:
        hour = int(datetime.now(UTC).timestamp() // 3600)
        count_hours(make_group(severity="critical"), [(hour, 1_234)])
        page = root.get(URL)
        assert page.context["error_stats"][0]["total"] == 1_234
        text = page.content.decode()
        assert "Last 24 hours: 1234 errors" in text
        assert "critical <b>1234</b>" in text


class TestList:
    def test_its_columns_filters_and_search_are_the_documented_ones(self) -> None:
        documented = ["created", "status_code", "error_type", "url_pattern", "fingerprint"]
        assert ErrorLogAdmin.list_display[:5] == documented
        filters = [entry if isinstance(entry, str) else entry[0] for entry in ErrorLogAdmin.list_filter]
        assert {"status_code", "error_type", "created"} <= set(filters)
        assert {"url_pattern", "exception_message"} <= set(ErrorLogAdmin.search_fields)
        assert {"fingerprint", "request_data", "traceback"} <= set(ErrorLogAdmin.readonly_fields)

    def test_filters_offer_what_groups_have(self, root: Client) -> None:
        group, other = make_group(status_code=503), make_group(status_code=404, error_type="404")
        store(full(group, status_code=503, exception_message="a"), full(other, status_code=404, exception_message="b"))
        page = root.get(URL).content.decode()
        assert re.search(r'href="\?status_code=503"', page)
        assert re.search(r'href="\?error_type=PriceError"', page)
        assert listed(root, status_code="503") == {"a"}
        assert listed(root, error_type="PriceError", severity="medium") == {"a", "b"}
        assert listed(root, created__gte="2030-01-01 00:00:00+00:00") == set()

    def test_texts_are_looked_for_among_what_is_kept(self, root: Client) -> None:
        group = make_group()
        store(full(group, exception_message="no price"), full(group, exception_message="x"), slim(group))
        assert listed(root, q="price") == {"no price", "x"}
        assert listed(root, q="no price") == {"no price"}
        assert listed(root, q="basket") == {"no price", "x"}

    def test_ids_are_looked_up_whatever_is_kept(self, root: Client) -> None:
        row, _ = store(slim(make_group(), exception_message="slim", trace_id="cd" * 16), full(exception_message="x"))
        assert listed(root, q=str(row.error_id)) == {"slim"}
        assert listed(root, q="cd" * 16) == {"slim"}
        assert listed(root, q="ef" * 16) == set()

    def test_it_does_not_count_everything(self, root: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pages, "_COUNTED", 60)
        store(*(slim(make_group()) for _ in range(3)), *(slim() for _ in range(70)))
        with CaptureQueriesContext(connection) as counted:
            page = root.get(URL)
        assert page.context["cl"].result_count == 60
        unbounded = [sql for query in counted if "COUNT(" in (sql := query["sql"]) and "LIMIT" not in sql]
        assert not [sql for sql in unbounded if "errorlog" in sql and "group_id" not in sql]

    def test_it_takes_as_many_queries_for_one_as_for_many(self, root: Client) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as counted:
                root.get(URL)
            return len(counted)

        store(full(make_group()))
        few = queries()
        store(*(full(make_group()) for _ in range(30)))
        assert queries() == few


class TestBugs:
    def post(self, client: Client, rows: list[ErrorLog]) -> str:
        chosen = {"action": "create_bug", "_selected_action": [row.pk for row in rows]}
        return client.post(URL, chosen, follow=True).content.decode()

    def test_bugs_are_made_of_the_selected_errors_groups(self, root: Client) -> None:
        group, other = make_group(), make_group()
        rows = store(full(group), slim(group), full())
        assert "1 bug(s) are made" in self.post(root, rows)
        assert list(ErrorGroup.objects.filter(bug_state="wanted")) == [group]
        assert ErrorGroup.objects.get(pk=other.pk).bug_state == ""
        assert "They have their bugs." in self.post(root, rows)

    def test_who_may_only_look_may_not(self, client: Client) -> None:
        user = get_user_model().objects.create_user("bob", is_staff=True)
        user.user_permissions.add(Permission.objects.get(codename="view_errorlog"))
        client.force_login(user)
        self.post(client, store(full(make_group())))
        assert not ErrorGroup.objects.filter(bug_state="wanted").exists()


class TestOne:
    def test_the_traceback_has_its_lines_and_is_escaped(self, root: Client) -> None:
        (row,) = store(full(make_group(), traceback='Traceback:\n  File "<x>", line 1', context={"ä": "<b>"}))
        page = root.get(f"{URL}{row.pk}/change/").content.decode()
        assert "Traceback:\n  File &quot;&lt;x&gt;&quot;, line 1</pre>" in page
        assert "&lt;b&gt;" in page
        assert '"ä"' in page or "&quot;ä&quot;" in page

    def test_a_slim_one_says_that_it_is_not_in_full(self, root: Client) -> None:
        merged = make_group(merged_into=make_group(title="the root"))
        (row,) = store(slim(merged))
        page = root.get(f"{URL}{row.pk}/change/").content.decode()
        assert "It is not kept in full." in page
        assert "the root" in page

    def test_one_without_a_group_is_shown_too(self, root: Client) -> None:
        row = ErrorLog.objects.create(message="by hand")
        assert "by hand" in root.get(f"{URL}{row.pk}/change/").content.decode()

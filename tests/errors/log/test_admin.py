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
from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.groups.models import ErrorGroup, Release
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


def shown(root: Client, error: ErrorLog) -> str:
    page = root.get(f"{URL}{error.pk}/change/")
    assert page.status_code == 200
    return page.content.decode()


class TestStatistics:
    def test_totals_are_by_severity_status_and_type(self) -> None:
        count_hours(make_group(severity="high", status_code=503, error_type="A"), [(HOUR, 5), (HOUR - 23, 1)])
        count_hours(make_group(severity="low", status_code=404, error_type="404"), [(HOUR - 24, 7), (HOUR - 168, 9)])
        day, week = error_stats(NOW)
        assert (day["total"], week["total"]) == (6, 13)
        assert day["severities"] == [("high", 6)]
        assert week["statuses"] == [(404, 7), (503, 6)]
        assert week["types"] == [("404", 7), ("A", 6)]

    def test_severities_come_from_the_worst_down(self) -> None:
        for place, severity in enumerate(("low", "", "high", "critical", "medium")):
            count_hours(make_group(severity=severity), [(HOUR, 9 - place)])
        found = [severity for severity, _ in error_stats(NOW)[0]["severities"]]
        assert found == ["critical", "high", "medium", "low", ""]

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
        filters = [entry[0] if isinstance(entry, tuple) else entry for entry in ErrorLogAdmin.list_filter]
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

    def test_an_id_is_found_by_how_it_begins(self, root: Client) -> None:
        row, other = store(slim(make_group(), exception_message="slim"), full(exception_message="deadbeef"))
        for asked in (str(row.error_id)[:8], row.error_id.hex[:20], f"{str(row.error_id)[:13]}*"):
            assert listed(root, q=asked) == {"slim"}
        assert listed(root, q="deadbeef") == {"deadbeef"}
        assert listed(root, q=str(other.error_id)[:7]) == set()

    def test_it_is_narrowed_down_by_service_release_environment_and_what_is_kept(self, root: Client) -> None:
        group, other = make_group(environment="staging"), make_group(service="stock")
        Release.objects.create(service="shop", release="2.0", first_seen=NOW)
        store(
            full(group, exception_message="a", release="2.0", environment="staging"),
            slim(other, exception_message="b", service="stock"),
        )
        page = root.get(URL).content.decode()
        for offered in ("service=stock", "release=2.0", "environment=staging", "in_full=no"):
            assert f'href="?{offered}"' in page
        assert listed(root, service="stock") == {"b"}
        assert (
            listed(root, release="2.0") == listed(root, environment="staging") == listed(root, in_full="yes") == {"a"}
        )
        assert listed(root, in_full="no") == {"b"}
        assert listed(root, group__in=f"{group.pk},{other.pk}") == {"a", "b"}

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
        assert "Of 1 group a bug is made" in self.post(root, rows)
        assert list(ErrorGroup.objects.filter(bug_state="wanted")) == [group]
        assert ErrorGroup.objects.get(pk=other.pk).bug_state == ""
        assert "All of them have bugs already." in self.post(root, rows)

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

    def test_exceptions_have_frames_with_source_and_variables(self, root: Client) -> None:
        (row,) = store(full(make_group()))
        page = shown(root, row)
        assert "shop.errors.PriceError: no price for 17" in page
        assert '<span class="how">Caused by:</span> KeyError: 17' in page
        assert page.count("· your code") == 3
        assert '<span class="failed">→    7      return sum(price(item) for item in basket)</span>' in page
        assert '<th scope="row">basket</th><td>[17]</td>' in page

    def test_what_happened_before_has_readable_times(self, root: Client) -> None:
        at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
        crumbs = [[round(at.timestamp() * 1000) - 1_250, "query", "default", "SELECT 1"]]
        (row,) = store(full(make_group(), created=at, crumbs=crumbs))
        page = shown(root, row)
        assert '<td class="when">11:59:58.750</td><td class="when">1.250 s</td>' in page
        assert '<td class="when">query</td><td class="name">default</td><td>SELECT 1</td>' in page

    def test_it_leads_to_what_it_belongs_to(self, root: Client) -> None:
        group = make_group(title="the group")
        bug = KnownBug.objects.create(bug_id="B-007", title="x", fingerprint="f", group=group)
        before, row, after = store(*(full(group, ago=ago, task_id="id-1") for ago in (30, 20, 10)))
        page = shown(root, row)
        for link in (
            f"/admin/monitoring/errorgroup/{group.pk}/change/",
            f"/admin/monitoring/knownbug/{bug.pk}/change/",
            f"{URL}{before.pk}/change/",
            f"{URL}{after.pk}/change/",
            f"{URL}?q={'ab' * 16}",
            f"/api/monitoring/tasks/tree/?trace_id={'ab' * 16}",
            "/api/monitoring/tasks/id-1/",
        ):
            assert f'href="{link}"' in page
            assert link.startswith("/api/") or root.get(link).status_code == 200

    def test_whatever_is_in_it_is_shown_as_text(self, root: Client) -> None:
        evil = "<script>alert(1)</script>"
        raised = {
            "type": evil,
            "message": evil,
            "link": "cause",
            "frames": [[evil, evil, evil, evil, True], [evil, evil, evil, 7, False]],
            "source": {"1": [6, [evil, evil]]},
            "locals": {"1": {evil: evil, "items": evil}},
        }
        values = dict.fromkeys(["exception_message", "traceback", "name", "task_id", "full_url", "user_agent"], evil)
        group = make_group(title=evil, name=evil, culprit=evil)
        crumbs = [[1_795_000_000_000, evil, evil, evil]]
        (row,) = store(
            full(group, **values, chain=[raised], crumbs=crumbs, context={evil: evil}, request_data={evil: evil})
        )
        for address in (f"{URL}{row.pk}/change/", URL, f"/admin/monitoring/errorgroup/{group.pk}/change/"):
            answer = root.get(address)
            assert answer.status_code == 200
            assert "alert(1)" in answer.content.decode()
            assert "<script>alert" not in answer.content.decode()

    @pytest.mark.parametrize("chain", [17, ["x"], [{"frames": [[1, 2, 3]], "locals": 3, "source": {"0": "x"}}]])
    def test_whatever_form_it_has_is_no_reason_to_fail(self, root: Client, chain: Any) -> None:
        (row,) = store(full(make_group(), chain=chain, crumbs=[["x"], [True, 1, 2, 3]], context=[1], task_id="a/b\n"))
        assert root.get(f"{URL}{row.pk}/change/").status_code == 200

    def test_it_takes_as_many_queries_whatever_is_known(self, root: Client) -> None:
        def queries(row: ErrorLog) -> int:
            with CaptureQueriesContext(connection) as counted:
                shown(root, row)
            return len(counted)

        small = make_group()
        KnownBug.objects.create(bug_id="B-009", title="x", fingerprint="f", group=small)
        _, row, _ = store(*(full(small, ago=ago) for ago in (3, 2, 1)))
        queries(row)  # the first request of a process asks for more: content types
        few = queries(row)
        big = make_group()
        for number in range(4):
            member = make_group(merged_into=big)
            KnownBug.objects.create(bug_id=f"B-00{number + 1}", title="x", fingerprint=f"{number}", group=member)
        chain = [{"type": "E", "message": "", "link": "", "frames": [["m", "f", "g", n, True] for n in range(100)]}]
        _, row, _ = store(*(full(big, ago=ago, chain=chain, task_id="t") for ago in (3, 2, 1)))
        assert queries(row) == few

    def test_a_slim_one_shows_the_nearest_that_is_in_full(self, root: Client) -> None:
        merged = make_group(merged_into=make_group(title="the root"))
        (row,) = store(slim(merged))
        page = shown(root, row)
        assert "It is not kept in full." in page
        assert "the root" in page
        (nearest,) = store(full(merged, ago=5))
        page = shown(root, row)
        assert f'<a href="{URL}{nearest.pk}/change/">the nearest error of its group</a>' in page
        assert "shop.errors.PriceError: no price for 17" in page

    def test_one_without_a_group_is_shown_too(self, root: Client) -> None:
        row = ErrorLog.objects.create(message="by hand")
        assert "by hand" in root.get(f"{URL}{row.pk}/change/").content.decode()

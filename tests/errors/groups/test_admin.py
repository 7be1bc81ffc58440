from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.groups import actions, merging
from monitoring.errors.groups.models import ErrorGroup, GroupHour, Release
from monitoring.errors.log.models import ErrorLog
from tasks.errors import end_ignoring
from tasks.schedule import SCHEDULE
from tests.api.conftest import admin

from .making import at, group, meet, occur

__all__ = ["admin"]

URL = "/admin/monitoring/errorgroup/"


@pytest.fixture
def staff(client: Client, admin: Any) -> Client:
    client.force_login(admin)
    return client


def act(client: Client, action: str, *groups: ErrorGroup) -> str:
    data = {"action": action, "_selected_action": [one.pk for one in groups]}
    return client.post(URL, data, follow=True).content.decode()


def statuses() -> list[str]:
    return list(ErrorGroup.objects.order_by("pk").values_list("status", flat=True))


def test_the_list_shows_roots_and_finds_them(staff: Client) -> None:
    root, member = group("out of bolts", severity="high"), group("a member")
    merging.merge(root.pk, [member.pk], None)
    KnownBug.objects.create(bug_id="B-007", group=root, title="no", fingerprint="f")
    group("something else")

    page = staff.get(URL).content.decode()
    assert "out of bolts" in page
    assert "B-007" in page
    assert "a member" not in page
    for query in ({"q": "bolts"}, {"severity": "high"}, {"status": "unresolved", "kind": "exception", "q": "bolts"}):
        found = staff.get(URL, query).context["cl"].result_list
        assert [one.title for one in found] == ["out of bolts"]


def test_what_the_list_costs_does_not_grow(staff: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            staff.get(URL)
        return len(queries)

    group()
    before = cost()
    for number in range(5):
        one = group()
        KnownBug.objects.create(bug_id=f"B-10{number}", group=one, title="no", fingerprint=f"f{number}")

    assert cost() == before


def test_one_group_with_its_members_and_its_history(staff: Client, admin: Any) -> None:
    root, member = group("root"), group("the member")
    occur(root, [1], "1.0")
    meet(root, ["anna"])
    actions.comment(root.pk, "It is <b>the cache</b>.", admin)
    merging.merge(root.pk, [member.pk], admin)

    page = staff.get(f"{URL}{root.pk}/change/").content.decode()

    for text in ("the member", "1.0 (1)", "It is &lt;b&gt;the cache&lt;/b&gt;.", f"groups=[{member.pk}]", "latest"):
        assert text in page
    assert staff.get(f"{URL}{member.pk}/change/").status_code == 200
    assert staff.get(f"{URL}999999999/change/").status_code == 302


def test_the_last_days_are_bars_and_the_first_and_the_latest_error_are_links(staff: Client) -> None:
    one = group()
    now = datetime.now(UTC)
    hour = int(now.timestamp()) // 3600
    GroupHour.objects.bulk_create(
        [GroupHour(group=one, hour=hour - 24, count=2), GroupHour(group=one, hour=hour, count=4)]
    )
    first, latest = (ErrorLog.objects.create(group=one, created=now - timedelta(days=d), kept="new") for d in (1, 0))
    ErrorLog.objects.create(group=one, kept="")

    page = staff.get(f"{URL}{one.pk}/change/").content.decode()

    assert 'aria-label="6 in 14 days, 4 at most in one"' in page
    assert page.count("height: 24px") == page.count("height: 48px") == 1
    for error in (first, latest):
        assert f'href="/admin/monitoring/errorlog/{error.pk}/change/"' in page
    assert staff.get(f"/admin/monitoring/errorlog/?group__in={one.pk}").context["cl"].result_count == 3


def test_what_one_costs_does_not_grow(staff: Client) -> None:
    def cost(one: ErrorGroup) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert staff.get(f"{URL}{one.pk}/change/").status_code == 200
        return len(queries)

    few, many = group(), group()
    for one, size in ((few, 1), (many, 6)):
        occur(one, range(size), "1.0")
        for number in range(size):
            actions.comment(one.pk, f"comment {number}", None)
        members = [group() for _ in range(size)]
        merging.merge(one.pk, [member.pk for member in members], None)
    cost(few)  # the first request of a process asks for more: content types
    assert cost(few) == cost(many)


def test_deciding_about_groups(staff: Client, admin: Any) -> None:
    one, other = group(), group()
    Release.objects.create(service="shop", release="1.0", first_seen=at(0))

    assert "Resolved 2 groups. " in act(staff, "mark_resolved", one, other)
    assert "Resolved 0 groups. " in act(staff, "mark_resolved", one)
    assert "Ignored 1 group for good." in act(staff, "ignore", one)
    assert statuses() == ["ignored", "resolved"]
    assert "Called 1 group unresolved." in act(staff, "mark_unresolved", other)
    assert "Resolved 1 group in the next release." in act(staff, "resolve_in_next_release", other)
    assert "Ignored 1 group for a day." in act(staff, "ignore_for_a_day", one)
    assert "Assigned 1 group to you." in act(staff, "assign_to_me", one)
    one.refresh_from_db()
    assert (statuses(), one.assignee) == (["ignored", "resolved_in_release"], admin)
    assert one.ignored_until is not None
    assert abs(one.ignored_until - datetime.now(UTC) - timedelta(days=1)) < timedelta(hours=1)
    assert {entry.who for entry in one.entries.all()} == {"admin"}


def test_merging_the_selected_ones_into_the_most_frequent(staff: Client) -> None:
    rare, frequent, foreign = group(count=2), group(count=9), group(count=1, service="stock")

    assert "Merged 1 group into the most frequent one." in act(staff, "merge", rare, frequent)
    rare.refresh_from_db()
    assert rare.merged_into == frequent
    assert "only groups of one service can be merged" in act(staff, "merge", frequent, foreign)
    assert "Merged 0 groups" in act(staff, "merge", frequent)


def test_on_its_page_a_group_is_decided_about_and_commented(staff: Client) -> None:
    one = group()
    page = f"{URL}{one.pk}/change/"

    answer = staff.post(URL, {"action": "mark_resolved", "_selected_action": one.pk, "of": one.pk})
    assert answer.headers["Location"] == page
    for text in ("It is <b>the cache</b>.", "  "):
        staff.post(f"{URL}{one.pk}/comment/", {"text": text})
    assert [entry.detail for entry in one.entries.filter(kind="comment")] == [{"text": "It is <b>the cache</b>."}]
    assert staff.get(f"{URL}{one.pk}/comment/").status_code == 405
    assert "Add comment" in staff.get(page).content.decode()
    member = group()
    merging.merge(one.pk, [member.pk], None)
    assert "Add comment" not in staff.get(f"{URL}{member.pk}/change/").content.decode()
    told = staff.post(f"{URL}{member.pk}/comment/", {"text": "x"}, follow=True).content.decode()
    assert "Nothing was changed" in told


@pytest.mark.django_db
def test_who_may_only_look_decides_nothing(client: Client) -> None:
    one = group()
    user = get_user_model().objects.create_user("visitor", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_errorgroup"))
    client.force_login(user)

    assert client.get(URL).status_code == 200
    assert "Add comment" not in client.get(f"{URL}{one.pk}/change/").content.decode()
    act(client, "mark_resolved", one)
    assert client.post(f"{URL}{one.pk}/comment/", {"text": "x"}).status_code == 403

    assert statuses() == ["unresolved"]
    assert not one.entries.exists()


def test_what_was_merged_meanwhile_is_told(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    root, member = group(), group()
    real = actions.resolve

    def merged_first(pks: list[int], user: Any) -> list[int]:
        merging.merge(root.pk, [member.pk], None)
        return real(pks, user)

    monkeypatch.setattr(actions, "resolve", merged_first)

    assert "Nothing was changed" in act(staff, "mark_resolved", root, member)
    assert statuses() == ["unresolved", "unresolved"]


@pytest.mark.django_db
def test_beat_ends_ignoring_each_minute() -> None:
    one = group()
    ErrorGroup.objects.filter(pk=one.pk).update(status="ignored", ignored_until=at(0))

    end_ignoring.run()

    assert statuses() == ["unresolved"]
    assert SCHEDULE["enginel-end-ignoring"]["task"] == end_ignoring.name

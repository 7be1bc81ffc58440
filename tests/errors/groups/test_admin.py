from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.groups import actions, merging
from monitoring.errors.groups.models import ErrorGroup
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


def test_resolving_ignoring_and_taking_it_back(staff: Client) -> None:
    one, other = group(), group()

    assert "2 group(s) are resolved" in act(staff, "mark_resolved", one, other)
    assert "0 group(s) are resolved" in act(staff, "mark_resolved", one)
    assert "1 group(s) are ignored for good" in act(staff, "ignore", one)
    assert statuses() == ["ignored", "resolved"]
    assert "1 group(s) are unresolved" in act(staff, "mark_unresolved", other)
    assert [entry.who for entry in one.entries.all()] == ["admin", "admin"]


@pytest.mark.django_db
def test_who_may_only_look_decides_nothing(client: Client) -> None:
    one = group()
    user = get_user_model().objects.create_user("visitor", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_errorgroup"))
    client.force_login(user)

    assert client.get(URL).status_code == 200
    act(client, "mark_resolved", one)

    assert statuses() == ["unresolved"]


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

"""The admin pages of known bugs: read, rename, resolve, delete, and ask for what is missing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db.models import F
from django.test import Client

from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.groups import actions
from monitoring.errors.groups.locking import RefusedError
from monitoring.errors.groups.models import ErrorGroup, GroupStatus
from tests.errors.bugs.github import GitHub, fails
from tests.errors.bugs.making import bug, run, wanted

pytestmark = pytest.mark.usefixtures("plain_static_files", "planning")

URL = "/admin/monitoring/knownbug/"


@pytest.fixture
def root(client: Client, admin: Any) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def filed(db: None) -> KnownBug:
    wanted("ValueError: <b>no</b>")
    run()
    return bug()


def _do(client: Client, action: str) -> str:
    chosen = {"action": action, "_selected_action": [one.pk for one in KnownBug.objects.all()]}
    return client.post(URL, chosen, follow=True).content.decode()


def test_bugs_are_listed_searched_and_shown(root: Client, filed: KnownBug) -> None:
    page = root.get(URL, {"q": "B-001", "status": "open"}).content.decode()
    assert "B-001" in page
    assert "&lt;b&gt;no" in page
    assert root.get(f"{URL}{filed.pk}/change/").status_code == 200
    assert root.get(f"{URL}add/").status_code == 403


def test_one_leads_to_its_group_and_errors_and_hides_the_steps(root: Client, filed: KnownBug) -> None:
    page = root.get(f"{URL}{filed.pk}/change/").content.decode()
    assert f'href="/admin/monitoring/errorgroup/{filed.group_id}/change/"' in page
    errors = f"/admin/monitoring/errorlog/?group__in={filed.group_id}"
    assert f'href="{errors}"' in page
    assert root.get(errors).status_code == 200
    assert page.index("Steps of filing it") < page.index("Lease until")
    KnownBug.objects.update(group=None)
    assert root.get(f"{URL}{filed.pk}/change/").status_code == 200


def test_title_and_severity_can_be_changed_and_nothing_else(root: Client, filed: KnownBug) -> None:
    KnownBug.objects.update(occurrence_count=F("occurrence_count") + 5)
    root.post(f"{URL}{filed.pk}/change/", {"title": "Tax", "severity": "low", "bug_id": "B-007", "status": "resolved"})
    changed = bug()
    assert (changed.title, changed.severity, changed.bug_id, changed.status) == ("Tax", "low", "B-001", "open")
    assert changed.occurrence_count == 6


def test_resolving_resolves_the_group(root: Client, filed: KnownBug) -> None:
    assert "Resolved 1 bug. " in _do(root, "mark_resolved")
    assert bug().status == "resolved"
    assert ErrorGroup.objects.get().status == GroupStatus.RESOLVED


def test_a_group_that_changes_meanwhile_is_said(root: Client, filed: KnownBug, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise RefusedError("it was merged")

    monkeypatch.setattr(actions, "resolve", refuse)
    assert "Nothing was changed: it was merged" in _do(root, "mark_resolved")


def test_what_is_missing_is_shown_and_asked_for(root: Client, github: GitHub) -> None:
    github.misbehave("GET", fails(401))
    wanted()
    run()
    assert "issue (GitHub does not accept the GITHUB_TOKEN. (401))" in root.get(URL).content.decode()
    assert "What is missing of 1 bug is made within ten seconds." in _do(root, "create_github_issue")
    run()
    assert bug().pending == []
    assert "The selected bugs lack nothing." in _do(root, "create_github_issue")


def test_without_a_repository_it_is_said_that_there_are_no_issues(root: Client, filed: KnownBug) -> None:
    assert "GITHUB_REPO" in _do(root, "create_github_issue")


def test_deleting_hides(root: Client, filed: KnownBug) -> None:
    root.post(f"{URL}{filed.pk}/delete/", {"post": "yes"})
    assert (KnownBug.objects.count(), KnownBug.all_objects.count()) == (0, 1)
    bug().restore()
    chosen = {"action": "delete_selected", "_selected_action": [filed.pk], "post": "yes"}
    root.post(URL, chosen)
    assert (KnownBug.objects.count(), KnownBug.all_objects.count()) == (0, 1)


def test_who_may_only_look_is_offered_no_actions(client: Client, filed: KnownBug) -> None:
    reader = get_user_model().objects.create_user("reader", password=None, is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_knownbug"))
    client.force_login(reader)
    assert "mark_resolved" not in client.get(URL).content.decode()
    _do(client, "mark_resolved")
    assert bug().status == "open"

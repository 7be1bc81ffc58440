"""Known bugs over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from monitoring.answers.problem import MEDIA_TYPE
from monitoring.errors.bugs import api as bugs_api
from monitoring.errors.bugs.models import BugCounter, KnownBug
from monitoring.errors.groups import actions
from monitoring.errors.groups.locking import RefusedError
from monitoring.errors.groups.models import ErrorGroup, GroupStatus
from tests.errors.bugs.github import GitHub, fails
from tests.errors.bugs.making import bug, run, wanted

pytestmark = [pytest.mark.usefixtures("db", "planning")]

URL = "/api/monitoring/bugs/"
JSON = "application/json"


@pytest.fixture
def three(db: None) -> None:
    BugCounter.objects.create(last=998)
    for title, severity in (("ValueError: tax", "high"), ("KeyError: 'x'", "low"), ("TypeError", "high")):
        wanted(title, severity=severity)
    run()


def _ids(api: Client, **query: str) -> list[str]:
    return [row["bug_id"] for row in api.get(URL, query).json()["results"]]


@pytest.mark.usefixtures("three")
def test_bugs_are_listed_by_their_numbers_and_can_be_narrowed_down(api: Client) -> None:
    assert _ids(api) == ["B-1001", "B-1000", "B-999"]
    assert _ids(api, severity="high") == ["B-1001", "B-999"]
    assert _ids(api, search="TAX") == _ids(api, search="b-999") == ["B-999"]
    assert _ids(api, pending="true") == _ids(api, service="web") == []
    assert _ids(api, pending="false", service="shop", status="open") == ["B-1001", "B-1000", "B-999"]
    bug(1000).delete()
    assert _ids(api, status="open") == ["B-1001", "B-999"]
    page = api.get(URL, {"limit": 1}).json()
    assert [row["bug_id"] for row in api.get(page["next"]).json()["results"]] == ["B-999"]
    assert "description" not in page["results"][0]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("query", [{"status": "wrong"}, {"pending": "x"}, {"limit": 0}, {"cursor": "x"}, {"no": "1"}])
def test_wrong_parameters_are_refused(api: Client, query: dict[str, Any]) -> None:
    assert api.get(URL, query).status_code == 400


@pytest.mark.usefixtures("three")
def test_one_bug_is_shown_with_its_file(api: Client) -> None:
    shown = api.get(f"{URL}B-999/").json()
    assert shown["title"] == "ValueError: tax"
    assert shown["file_path"].endswith("B-999-valueerror-tax.md")
    assert (shown["pending"], shown["problem"], shown["next_attempt"]) == ([], "", None)
    assert shown["group"] == bug(999).group_id
    assert set(shown) == {*api.get(URL).json()["results"][0], "description"}


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("name", ["B-001", "B-1", "999", "B-999%00", "%00", "a/b", "B-99999999999"])
def test_a_bug_that_is_none_is_not_found(api: Client, name: str) -> None:
    for answer in (api.get(f"{URL}{name}/"), api.post(f"{URL}{name}/file/"), api.patch(f"{URL}{name}/", {}, JSON)):
        assert (answer.status_code, answer["Content-Type"]) == (404, MEDIA_TYPE)


@pytest.mark.usefixtures("three")
def test_strangers_see_nothing(client: Client) -> None:
    for url in (URL, f"{URL}B-999/"):
        assert client.get(url).status_code == 401
    assert client.post(f"{URL}B-999/file/").status_code == 401


@pytest.mark.usefixtures("three")
def test_resolving_a_bug_resolves_its_group_and_the_other_way_round(api: Client) -> None:
    group_id = bug(999).group_id or 0
    shown = api.patch(f"{URL}B-999/", {"status": "resolved", "title": "Tax", "severity": "low"}, JSON).json()
    assert (shown["status"], shown["title"], shown["severity"]) == ("resolved", "Tax", "low")
    assert shown["resolved_at"]
    assert ErrorGroup.objects.get(pk=group_id).status == GroupStatus.RESOLVED
    assert api.patch(f"{URL}B-999/", {"status": "open"}, JSON).json()["resolved_at"] is None
    assert ErrorGroup.objects.get(pk=group_id).status == GroupStatus.UNRESOLVED
    actions.resolve([group_id], None)
    assert api.get(f"{URL}B-999/").json()["status"] == "resolved"
    actions.unresolve([group_id], None)
    assert api.get(f"{URL}B-999/").json()["status"] == "open"


@pytest.mark.usefixtures("three")
def test_a_bug_without_a_group_can_be_resolved_too(api: Client) -> None:
    KnownBug.objects.filter(number=999).update(group=None)
    for status in ("resolved", "resolved", "open", "open"):
        assert api.patch(f"{URL}B-999/", {"status": status}, JSON).json()["status"] == status


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("change", [{}, {"status": "gone"}, {"bug_id": "B-1"}, {"title": ""}, {"title": "x" * 201}, []])
def test_wrong_changes_are_refused(api: Client, change: Any) -> None:
    answer = api.patch(f"{URL}B-999/", change, JSON)
    assert (answer.status_code, answer["Content-Type"]) == (400, MEDIA_TYPE)


@pytest.mark.usefixtures("three")
def test_a_group_that_changes_meanwhile_is_a_conflict(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise RefusedError("merged")

    monkeypatch.setattr(actions, "resolve", refuse)
    assert api.patch(f"{URL}B-999/", {"status": "resolved"}, JSON).status_code == 409


def test_what_a_bug_waits_for_is_shown_and_can_be_asked_for(api: Client, github: GitHub, settings: Any) -> None:
    github.misbehave("GET", fails(401, "Bad credentials"))
    wanted("a")
    wanted("b")
    run()
    rows = api.get(URL, {"pending": "true"}).json()["results"]
    assert [row["problem"] for row in rows] == ["GitHub does not accept the GITHUB_TOKEN. (401: Bad credentials)"] * 2
    answer = api.post(f"{URL}B-002/file/")
    assert (answer.status_code, answer["Retry-After"], answer.json()["pending"]) == (202, "10", ["issue"])
    settings.MONITORING = {**settings.MONITORING, "ISSUES_PER_HOUR": 1}
    run()
    (row,) = api.get(URL, {"pending": "true"}).json()["results"]
    assert row["bug_id"] == "B-002"
    assert row["problem"] == "Issues were opened for 1 bugs within this hour, and 1 are the limit."


def test_a_page_costs_the_same_however_many_bugs_wait(
    api: Client, github: GitHub, django_assert_max_num_queries: Any
) -> None:
    github.misbehave("GET", fails(500))
    for number in range(8):
        wanted(str(number))
    run()
    with django_assert_max_num_queries(6):
        assert len(api.get(URL).json()["results"]) == 8
    assert bugs_api.BugPages.ordering == ("-number",)

"""What files, issues and comments tell: enough to find the error, and nothing that is empty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks

from monitoring.conf import load
from monitoring.errors.bugs import texts
from monitoring.errors.groups import actions
from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.groups.transitions import settle
from monitoring.errors.log.models import ErrorLog
from tests.errors.bugs.github import GitHub
from tests.errors.bugs.making import bug, run, wanted
from tests.errors.groups.making import at, meet, occur, scope

pytestmark = pytest.mark.django_db
TRACE = "a" * 32


def _raised(source: dict[str, Any]) -> list[dict[str, Any]]:
    frames = [
        ["django.core", "/lib/django/core.py", "inner", 3, False],
        ["shop.views", "/srv/shop/views.py", "order", 12, True],
        ["shop.stock", "/srv/shop/stock.py", "take", 7, True],
    ]
    return [{"type": "ValueError", "message": "no", "link": "", "frames": frames, "source": source}]


def _log(one: ErrorGroup, minutes: float = 0, **values: Any) -> ErrorLog:
    return ErrorLog.objects.create(group=one, created=at(minutes), service=one.service, kept="new", **values)


def test_a_file_and_an_issue_say_by_what_the_error_is_found(github: GitHub, planning: Path, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "PUBLIC_URL": "https://enginel.example.com/"}
    one = wanted(
        name="POST pay/", first_release="1.2", last_release="1.3", environment="staging", last_seen=at(30), count=4
    )
    meet(one, ["7", "8"])
    _log(one, message="an older one")
    error = _log(
        one,
        30,
        method="POST",
        url_pattern="pay/",
        trace_id=TRACE,
        task_id="t-1",
        context={"queue": "payments"},
        traceback="Traceback …\nValueError: no",
    )
    run()
    (path,) = planning.iterdir()
    address = f"https://enginel.example.com/api/monitoring/errors/{error.error_id}/"
    for text in (path.read_text(), github.issues[0]["body"]):
        for row in (
            "| First seen | `2026-11-20 12:00:00 UTC` |",
            "| Last seen by then | `2026-11-20 12:30:00 UTC` |",
            "| Release | `1.2` |",
            "| Latest release | `1.3` |",
            "| Environment | `staging` |",
            "| Occurrences by then | `4` |",
            "| Users by then | `2` |",
            f"| Its page | <https://enginel.example.com/admin/monitoring/errorgroup/{one.pk}/change/> |",
            f"| Newest error kept in full | `{error.error_id}` |",
            f"| Its address | <{address}> |",
            "| Its request | `POST pay/` |",
            "| Its task | `t-1` |",
            "| Its queue | `payments` |",
            f"| Its trace | `{TRACE}` |",
        ):
            assert row in text
        assert "```text\nTraceback …\nValueError: no\n```" in text


def test_without_a_public_address_there_are_paths(planning: Path) -> None:
    one = wanted()
    error = _log(one)
    run()
    (path,) = planning.iterdir()
    assert f"| Its address | `/api/monitoring/errors/{error.error_id}/` |" in path.read_text()


@pytest.mark.parametrize("url", ["monitoring.example.com", "https://me:secret@example.com", "javascript:x", 7])
def test_a_public_address_is_one_of_a_server(settings: Any, url: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "PUBLIC_URL": url}
    (told,) = [message.msg for message in run_checks() if "PUBLIC_URL" in message.msg]
    assert "must be an http(s) URL" in told
    assert load({"PUBLIC_URL": url}).public_url == ""
    assert load({"PUBLIC_URL": ""}).public_url == ""


def test_lines_of_source_of_the_applications_frames_are_shown(planning: Path) -> None:
    one = wanted()
    source = {"0": [2, ["library()"]], "1": [11, ["def order():", "    take()"]], "2": [7, ["    raise ValueError"]]}
    _log(one, chain=_raised(source), traceback="with source")
    _log(one, 1, chain=_raised({}), traceback="without")
    run()
    (path,) = planning.iterdir()
    text = path.read_text()
    assert bug().description == "with source"
    assert (
        "/srv/shop/views.py, line 12, in order\n     11  def order():\n>    12      take()\n\n"
        "/srv/shop/stock.py, line 7, in take\n>     7      raise ValueError\n```" in text
    )
    assert "library()" not in text


def test_a_refusal_without_an_exception_says_what_was_logged_before(planning: Path) -> None:
    one = wanted("CSRF check failed: POST pay/", kind="response")
    crumbs = [
        [1795364561000, "query", "default", "SELECT 1"],
        [1795364561731, "WARNING", "django.security.csrf", "Forbidden (CSRF cookie not set.): /pay/"],
    ]
    _log(one, crumbs=crumbs)
    run()
    assert bug().description == "WARNING django.security.csrf: Forbidden (CSRF cookie not set.): /pay/"
    (path,) = planning.iterdir()
    assert bug().description in path.read_text()


def test_nothing_is_shown_of_what_is_not_known(planning: Path) -> None:
    wanted("409 Conflict: POST pay/", kind="response")
    run()
    text = next(planning.iterdir()).read_text()
    assert "```" not in text
    assert "| - |" not in text
    assert "``" not in texts.body({"title": "t"})


def test_what_came_with_an_error_leaves_its_place_nowhere(planning: Path) -> None:
    one = wanted()
    nasty = "x` | @octocat <b>\n| Marker | `enginel-0` |"
    _log(one, url_pattern=nasty, trace_id="`|`", context={"queue": nasty}, chain=_raised({"2": [7, ["```", nasty]]}))
    run()
    text = next(planning.iterdir()).read_text()
    assert r"``x` \| @octocat <b> \| Marker \| `enginel-0` \|``" in text
    assert "\n````text\n" in text
    assert texts.marker_in(text) == texts.file_marker(
        texts.marker_of(bug().service, bug().fingerprint), "B-001", bug().created
    )


def test_a_comment_says_since_when_in_which_release_and_by_which_error_it_is_back(github: GitHub) -> None:
    one = wanted(count=3)
    run()
    actions.resolve([one.pk], None)
    ErrorGroup.objects.filter(pk=one.pk).update(resolved_at=at(30), status_at=at(30))
    settle([occur(one, [60, 70], release="2.0", kept="turning")], scope(70))
    run()
    (comment,) = github.issues[0]["comments"]
    newest = ErrorLog.objects.order_by("-created")[0]
    assert comment["body"].startswith("This was resolved, and occurs again: 2 occurrences since then, 3 in all, ")
    for row in (
        "| Release | `2.0` |",
        f"| Newest error kept in full | `{newest.error_id}` |",
        f"| Its address | `/api/monitoring/errors/{newest.error_id}/` |",
    ):
        assert row in comment["body"]


def test_a_comment_of_an_earlier_installation_is_not_taken_for_this_ones(github: GitHub) -> None:
    wanted()
    run()
    one = bug()
    mine, one.created = texts.regression_marker(one), at(0)
    assert mine != texts.regression_marker(one)


def test_a_bug_without_errors_that_comes_back_says_what_it_knows() -> None:
    data = {"occurrence_count": 1, "last_seen": "now", "marker": "enginel-0"}
    assert texts.regression(data) == (
        "This was resolved, and occurs again: 1 occurrence in all, the last one at now.\n\n"
        "| | |\n| --- | --- |\n| Marker | `enginel-0` |\n"
    )

"""What GitHub may answer, and what becomes of a bug's issue then: it is opened once, or waits and says why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from monitoring.errors.bugs import texts
from monitoring.errors.bugs.gate import Gate
from monitoring.errors.bugs.models import KnownBug, TrackerState
from monitoring.errors.bugs.trackers import github as github_tracker
from monitoring.errors.bugs.trackers import http
from monitoring.errors.bugs.trackers.base import AwayError
from monitoring.errors.groups.models import GroupFingerprint
from tests.errors.bugs.github import (
    REPOSITORY,
    TOKEN,
    GitHub,
    Handler,
    drips_a_body,
    drips_chunks,
    drips_headers,
    drips_without_end,
    fails,
    hangs,
    in_an_hour,
    loses_the_answer,
)
from tests.errors.bugs.making import HOUR, at_desk, bug, run, wanted

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def bugs(github: GitHub) -> Iterator[None]:
    wanted()
    yield
    assert len({issue["title"] for issue in github.issues}) == len(github.issues), "an issue was opened twice"


def _pause() -> timedelta:
    state = TrackerState.objects.get()
    assert state.paused_until is not None
    return state.paused_until - datetime.now(UTC)


def test_an_issue_has_the_id_the_labels_and_the_marker_and_the_bug_knows_it(github: GitHub) -> None:
    run()
    (issue,) = github.issues
    assert issue["title"] == "B-001: ValueError: no"
    assert issue["labels"] == ["bug", "medium"]
    assert texts.holds(issue["body"], texts.marker_of("shop", bug().fingerprint))
    assert (bug().github_issue_number, bug().tracker, bug().pending) == (1, "github", [])
    assert bug().github_issue_url == f"https://github.com/{REPOSITORY}/issues/1"
    assert bug().issue_tried is not None
    run(HOUR)
    assert len(github.issues) == 1


@pytest.mark.parametrize(
    ("mood", "told"),
    [
        (fails(500), "answers 500"),
        (fails(503, Retry_After="1"), "answers 503"),
        (fails(200, "no issue"), "names no issue"),
        (lambda handler: handler.answer(201, b"<html>"), "cannot be read"),
        (lambda handler: handler.hang_up(), "did not answer: ConnectionError"),
        (loses_the_answer, "did not answer: ConnectionError"),
    ],
)
def test_a_tracker_in_trouble_is_tried_again_soon_and_the_issue_is_opened_once(
    github: GitHub, mood: Any, told: str
) -> None:
    github.search_lags = True
    github.misbehave("POST", mood)
    run()
    assert bug().pending == ["issue"]
    assert told in bug().issue_problem
    assert bug().attempts == 1
    assert timedelta(seconds=20) < _pause() < MINUTE
    asked = len(github.requests)
    run()
    assert len(github.requests) == asked, "it is left alone"
    run(2 * MINUTE)
    assert (len(github.issues), bug().pending, bug().issue_problem, bug().attempts) == (1, [], "", 0)
    assert TrackerState.objects.get().failures == 0


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_does_not_come_is_not_waited_for(
    github: GitHub, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_READ", 0.05)
    github.misbehave(method, hangs)
    run()
    assert bug().issue_problem == "The tracker did not answer in time."
    monkeypatch.setattr(http, "_READ", 5.0)
    run(HOUR)
    assert (len(github.issues), bug().pending) == (1, [])


@pytest.mark.parametrize("mood", [drips_headers, drips_a_body, drips_chunks, drips_without_end])
def test_an_answer_that_comes_byte_by_byte_is_given_up_at_the_deadline(
    github: GitHub, mood: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as short:
        short.setattr(github_tracker, "_SECONDS", 0.3)
        github.misbehave("GET", mood)
        run()
    assert bug().issue_problem == "The tracker takes too long."
    assert (bug().pending, bug().lease_until) == (["issue"], None)
    state = TrackerState.objects.get()
    assert (state.failures, state.lease_until) == (1, None)
    assert _pause() > timedelta(seconds=20)
    run(HOUR)
    assert (len(github.issues), bug().pending) == (1, [])


def test_waiting_doubles_with_every_failure_up_to_half_an_hour(github: GitHub) -> None:
    later = timedelta(0)
    waits = []
    for _ in range(9):
        github.misbehave("GET", fails(500))
        run(later)
        waits.append(_pause() - later)
        later += waits[-1] + timedelta(seconds=1)
    assert waits[0] < MINUTE < waits[2] < waits[5]
    assert max(waits) < timedelta(minutes=38)


@pytest.mark.parametrize(
    ("mood", "least", "most"),
    [
        (fails(429, Retry_After="600"), 590, 670),
        (fails(403, "secondary rate limit", Retry_After="120"), 110, 140),
        (
            fails(403, "API rate limit exceeded", X_RateLimit_Remaining="0", X_RateLimit_Reset=in_an_hour()),
            3_000,
            4_000,
        ),
        (fails(403, "You have exceeded a secondary rate limit"), 50, 70),
        (fails(429, Retry_After="Sun, 22 Nov 2026"), 50, 70),
        (fails(429, Retry_After="1e9"), 86_000, 96_000),
    ],
)
def test_a_limit_is_respected_for_as_long_as_it_says(github: GitHub, mood: Any, least: int, most: int) -> None:
    github.misbehave("POST", mood)
    run()
    assert least <= _pause().total_seconds() <= most
    assert "limits how often" in bug().issue_problem
    asked = len(github.requests)
    run(timedelta(seconds=least - 10))
    assert len(github.requests) == asked
    run(timedelta(seconds=most))
    assert (len(github.issues), bug().pending) == (1, [])


@pytest.mark.parametrize(
    ("mood", "told"),
    [
        (fails(401, "Bad credentials"), "does not accept the GITHUB_TOKEN. (401: Bad credentials)"),
        (fails(403, "Resource not accessible"), "may not write issues of the repository. (403"),
        (fails(404, "Not Found"), "GITHUB_REPO does not exist"),
        (fails(410, "Issues are disabled"), "Issues are switched off"),
        (fails(301, Location="http://127.0.0.1:1/elsewhere"), "has moved"),
        (fails(302, Location="http://127.0.0.1:1/elsewhere"), "GITHUB_API_URL leads elsewhere (302)"),
    ],
)
def test_what_only_somebody_can_repair_is_said_and_tried_slowly(github: GitHub, mood: Any, told: str) -> None:
    github.misbehave("POST", mood)
    run()
    assert told in bug().issue_problem
    assert _pause() > timedelta(minutes=7)
    run(HOUR)
    assert (len(github.issues), bug().pending) == (1, [])


def test_a_change_of_settings_is_tried_at_once(github: GitHub, settings: Any) -> None:
    right = settings.MONITORING
    settings.MONITORING = {**right, "GITHUB_TOKEN": "wrong"}
    run()
    assert bug().pending == ["issue"]
    settings.MONITORING = right
    run()
    assert bug().pending == []


def test_an_issue_that_is_not_taken_keeps_no_other_waiting(github: GitHub) -> None:
    wanted("KeyError: 'x'")
    github.misbehave("POST", fails(422, "body is too long"))
    run()
    assert [issue["title"] for issue in github.issues] == ["B-002: KeyError: 'x'"]
    assert bug(1).issue_problem == "GitHub does not take it (422: body is too long)."
    run(timedelta(minutes=30))
    assert len(github.issues) == 1
    run(2 * HOUR)
    assert len(github.issues) == 2


def test_a_run_whose_time_is_over_holds_nothing_against_the_bug_it_was_at(
    github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(number: str, data: Any) -> str:
        raise SoftTimeLimitExceeded

    with monkeypatch.context() as patch:
        patch.setattr(texts, "issue_title", interrupted)
        with pytest.raises(SoftTimeLimitExceeded):
            run()
    assert bug(1).issue_problem == ""
    run(timedelta(minutes=5))
    assert len(github.issues) == 1


def test_a_mistake_of_ours_keeps_no_other_bug_waiting(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted("KeyError: 'x'")
    regular = texts.issue_title
    monkeypatch.setattr(
        texts, "issue_title", lambda number, data: 1 / 0 if number == "B-001" else regular(number, data)
    )
    run()
    assert (bug(1).issue_problem, bug(2).pending) == ("It failed with ZeroDivisionError.", [])


def test_labels_are_made_or_left_out_where_they_are_what_is_wrong(github: GitHub) -> None:
    github.misbehave("POST", fails(422, "Label does not exist"))
    run()
    assert github.issues[0]["labels"] == ["bug", "medium"]
    assert github.labels == {"bug", "medium"}
    wanted("KeyError: 'x'")
    regular = (lambda handler: False,) * 2  # the labels
    github.misbehave("POST", fails(422, "labels are wrong"), *regular, fails(422, "labels are wrong"))
    run()
    assert (github.issues[1]["labels"], bug(2).pending) == ([], [])


def test_an_issue_of_the_same_error_is_found_instead_of_opened_anew(github: GitHub) -> None:
    run()
    KnownBug.all_objects.update(issue_key="", issue_due=bug().created, issue_tried=None)
    run()
    assert (len(github.issues), bug().github_issue_number) == (1, 1)


def test_one_that_only_quotes_the_marker_and_a_pull_request_are_not_it(github: GitHub) -> None:
    marker = texts.marker_of("shop", GroupFingerprint.objects.get().fingerprint)
    github.open_issue({"title": "a quote", "body": f"> | Marker | `{marker}` |\nthe same as `{marker}`"})
    github.open_issue({"title": "a pull request", "body": f"| Marker | `{marker}` |"})["pull_request"] = {}
    run()
    assert bug().github_issue_number == 3


def test_a_lost_answer_is_found_behind_many_newer_issues(github: GitHub) -> None:
    github.search_lags = True
    github.misbehave("POST", loses_the_answer)
    run()
    for number in range(120):
        github.open_issue({"title": f"another one {number}", "body": ""})
    run(HOUR / 2)
    assert (bug().github_issue_number, len(github.issues)) == (1, 121)
    assert sum(1 for _method, path in github.requests if "page=3" in path) == 1


def test_issues_from_before_are_not_looked_through(github: GitHub) -> None:
    for number in range(60):
        github.open_issue({"title": f"an old one {number}", "body": ""})["created_at"] = "2020-01-01T00:00:00Z"
    github.misbehave("POST", fails(500))
    run()
    run(HOUR / 2)
    assert sum(1 for _method, path in github.requests if "sort=created" in path) == 1


def test_a_search_that_is_refused_finds_nothing(github: GitHub) -> None:
    github.misbehave("GET", fails(422, "Validation Failed"))
    run()
    assert bug().pending == []


def test_an_answer_without_end_is_not_read(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_MAX_BYTES", 1_000)
    github.misbehave("GET", lambda handler: handler.answer(200, b"x" * 200_000))
    run()
    assert bug().issue_problem == "The tracker answered with more than can be read."


def test_all_calls_for_a_bug_together_are_bounded(github: GitHub) -> None:
    with http.Line(github.url, TOKEN, {}, 60.0) as line:

        def let_the_time_pass(handler: Handler) -> bool:
            line._session._deadline._until = 0
            return handler.answer(200, {})

        github.misbehave("GET", let_the_time_pass)
        for _ in range(2):
            with pytest.raises(AwayError, match="takes too long"):
                line.call("GET", "/search/issues")
    assert len(github.requests) == 1


@pytest.mark.parametrize("body", [{"items": 7}, [], "text", None])
def test_answers_of_another_form_are_trouble_and_no_crash(github: GitHub, body: Any) -> None:
    github.misbehave("GET", lambda handler: handler.answer(200, body))
    run()
    assert bug().pending == ["issue"]
    assert "GitHub's answer" in bug().issue_problem


def test_the_token_goes_nowhere_but_to_the_tracker(github: GitHub) -> None:
    elsewhere = GitHub()
    github.misbehave("GET", fails(302, Location=f"{elsewhere.url}/search/issues?q=x"))
    run()
    elsewhere.close()
    assert elsewhere.requests == []
    assert TOKEN not in f"{bug().issue_problem} {TrackerState.objects.get().problem} {TrackerState.objects.get().setup}"


def test_one_process_at_a_time_talks_to_a_tracker(github: GitHub) -> None:
    used = at_desk()
    assert used.tracker is not None
    gate = Gate(used.tracker, used.alias, used.now)
    assert gate.enter()
    run()
    assert (github.requests, bug().pending) == ([], ["issue"])
    gate.leave()
    run()
    assert bug().pending == []


def test_who_was_held_up_for_so_long_that_another_one_is_at_it_opens_nothing(github: GitHub) -> None:
    def be_held_up(step: str) -> None:
        if step == "open the issue":
            raise AssertionError("it opened an issue all the same")
        if step == "find the issue":
            TrackerState.objects.update(lease_until=datetime.now(UTC) + HOUR)

    run(step=be_held_up)
    assert (github.issues, bug().pending) == ([], ["issue"])
    run(2 * HOUR)
    assert len(github.issues) == 1

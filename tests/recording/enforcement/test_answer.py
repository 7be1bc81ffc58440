"""What those are told who are refused."""

from __future__ import annotations

import json

import pytest

from monitoring.answers import page
from monitoring.recording.enforcement.answer import answer
from monitoring.recording.enforcement.verdict import Verdict


def test_machines_get_the_one_error_format_and_when_to_come_again() -> None:
    found = answer(Verdict("block", "7", 3_600), "application/json")
    assert found.headers["Retry-After"] == "3600"
    assert found.headers["Content-Type"] == "application/problem+json"
    assert found.headers["Cache-Control"] == "no-store"
    told = json.loads(found.body)
    assert (told["status"], told["title"], told["retry_after"]) == (429, "Too Many Requests", 3_600)
    assert told["detail"].endswith("Please try again in 1 hour.")
    assert told["error"] == {"type": "429", "message": told["detail"], "error_id": None, "severity": "low"}


def test_browsers_get_a_page_that_is_allowed_its_own_style_alone() -> None:
    found = answer(Verdict("throttle", "9", 5, "<b>Slowly"), "text/html,*/*;q=0.8")
    assert found.headers["Content-Type"] == "text/html; charset=utf-8"
    assert found.headers["Content-Security-Policy"] == page.POLICY
    assert b"&lt;b&gt;Slowly. Please try again in 5 seconds." in found.body


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", "There were too many requests."),
        ("Slowly", "Slowly."),
        ("Slowly!", "Slowly!"),
        ("One \n a  day", "One a day."),
        ("\r\nSet-Cookie: x", "Set-Cookie: x."),
    ],
)
def test_a_throttle_says_its_own_reason(reason: str, said: str) -> None:
    found = answer(Verdict("throttle", "9", 1, reason), "")
    assert json.loads(found.body)["detail"] == f"{said} Please try again in 1 second."
    assert "\n" not in str(found.headers)


def test_a_block_does_not_tell_strangers_what_was_counted() -> None:
    assert b"secret" not in answer(Verdict("block", "7", 1, "secret"), "").body


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (3_601, "2 hours"),
        (86_400, "1 day"),
        (90_000, "2 days"),
    ],
)
def test_a_time_is_said_in_its_largest_unit_and_never_too_short(seconds: int, said: str) -> None:
    assert f"in {said}." in answer(Verdict("block", "7", seconds), "").body.decode()

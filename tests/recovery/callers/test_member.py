"""The member `recovery` has the documented form, whatever was sent."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.recovery.callers import member

from .conftest import SUCCEEDED


def test_what_was_sent_is_read_as_it_is() -> None:
    assert member.read(SUCCEEDED) == SUCCEEDED
    assert member.read({**SUCCEEDED, "outcome": "cleared"}) == {**SUCCEEDED, "outcome": "cleared"}


@pytest.mark.parametrize("value", [None, [], "yes", {}, {"attempted": "yes"}])
def test_what_is_no_member_is_none(value: Any) -> None:
    assert member.read(value) is None


def test_what_is_not_of_its_form_is_left_out() -> None:
    odd = {"attempted": True, "success": "maybe", "actions": [{"strategy": 1}, {"strategy": "retry", "success": None}]}
    assert member.read({**odd, "outcome": "soon", "more": 1}) == {
        "attempted": True,
        "success": None,
        "message": "",
        "actions": [{"strategy": "retry", "success": None}],
        "outcome": None,
    }


def test_what_was_tried_before_comes_first() -> None:
    earlier = [{"strategy": "reconnect", "success": False}]
    found = member.after({**SUCCEEDED}, earlier)
    assert [one["strategy"] for one in found["actions"]] == ["reconnect", "circuit_break"]


@pytest.mark.parametrize(
    ("success", "actions", "told"),
    [
        (True, [{"strategy": "retry", "success": True}], "Recovery successful: Retry"),
        (None, [], "Recovery is queued; its outcome is not known yet."),
        (False, [{"strategy": "retry", "success": False}], "Recovery failed."),
        (False, [], "Nothing was done."),
    ],
)
def test_visitors_are_not_told_why_nothing_was_done(success: bool | None, actions: list[Any], told: str) -> None:
    message = "Recovery successful: Retry" if success else "anna switched recovery off: the password leaked"
    found = member.member(attempted=True, success=success, message=message, actions=actions)
    assert member.public(found)["message"] == told

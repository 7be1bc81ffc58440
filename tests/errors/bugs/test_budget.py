"""Whose issue is opened first, and what lesser bugs may take of an hour."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from monitoring.errors.bugs.opening import open_reported
from tests.errors.bugs.github import GitHub
from tests.errors.bugs.making import HOUR, at_desk, bug, run, wanted

pytestmark = pytest.mark.django_db


def _opened(github: GitHub) -> list[str]:
    return [issue["title"].partition(" ")[2] for issue in github.issues]


def _limit(settings: Any, most: int) -> None:
    settings.MONITORING = {**settings.MONITORING, "ISSUES_PER_HOUR": most}


def test_the_worst_come_first_and_of_equals_the_oldest(github: GitHub) -> None:
    for severity in ("low", "medium", "high", "critical", "high", "low"):
        wanted(severity, severity=severity)
    run()
    numbers = [int(issue["title"][2:5]) for issue in github.issues]
    assert numbers == [4, 3, 5, 2, 1, 6]


def test_a_flood_of_lesser_ones_leaves_half_of_an_hour_to_others(github: GitHub, settings: Any) -> None:
    _limit(settings, 5)
    for number in range(4):
        wanted(f"low {number}", severity="low")
    wanted("refused", severity="critical", status_code=403)
    run()
    assert _opened(github) == ["refused", "low 0", "low 1"]
    for number in range(3):
        wanted(f"crash {number}", severity="high", status_code=500)
    run()
    assert _opened(github)[3:] == ["crash 0", "crash 1"]
    run(HOUR * 1.1)
    assert _opened(github)[5:] == ["crash 2", "low 2", "low 3"]


def test_a_single_issue_an_hour_is_for_whoever_is_worst(github: GitHub, settings: Any) -> None:
    _limit(settings, 1)
    wanted("low", severity="low")
    wanted("high", severity="high")
    run()
    assert _opened(github) == ["high"]
    run(HOUR * 1.1)
    assert _opened(github) == ["high", "low"]


def test_a_bug_says_which_part_of_the_hour_it_waits_for(github: GitHub, settings: Any, api: Client) -> None:
    _limit(settings, 2)
    wanted("one", severity="low")
    wanted("two", severity="low")
    run()
    assert [bug(1).pending, bug(2).pending] == [[], ["issue"]]
    said = "Issues were opened for 1 bugs within this hour, and 2 are the limit"
    answer = api.get("/api/monitoring/bugs/B-002/").json()
    assert answer["problem"] == f"{said}; the others are kept for critical and high ones."
    wanted("three", severity="high")
    run()
    found = api.get("/api/monitoring/bugs/?pending=true").json()["results"]
    assert [one["problem"] for one in found] == ["Issues were opened for 2 bugs within this hour, and 2 are the limit."]


def test_bugs_without_errors_wait_like_others(github: GitHub, settings: Any) -> None:
    for severity in ("medium", "high"):
        open_reported("shop", severity, {"title": severity, "severity": severity}, at_desk())
    run()
    assert _opened(github) == ["high", "medium"]

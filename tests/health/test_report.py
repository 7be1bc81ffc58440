"""What is said of every component follows from the snapshot, its age, and whether Redis answers."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.component import Status
from monitoring.health.report import Limits, Seen, detailed, document, health_json, judge, overall
from monitoring.health.snapshot import Part

LIMITS = Limits(stale=20.0, silence=3.0, grace=60.0)
DATABASE = Part(Status.HEALTHY, "Database connection OK", {"version": "16"}, {}, 1_765_881_000.0, 1_765_880_000.0)
CELERY = Part(Status.HEALTHY, "1 worker(s) active", {"workers": ["a@b"], "silent": []}, {"workers": ["a@b"]})
KNOWN = {"celery": CELERY, "database": DATABASE}
EXPECTED = ["database", "redis", "celery"]
REDIS = Part(Status.HEALTHY, "Redis connection OK")


def say(known: dict[str, Part], **seen: Any) -> dict[str, Part]:
    return judge(known, EXPECTED, Seen(**{"age": 2.0, "silence": 0.5, "following": 600.0, **seen}), LIMITS)


def test_components_are_shown_in_their_configured_order_and_the_evaluation_last() -> None:
    found = say(KNOWN | {"redis": REDIS})
    assert list(found) == [*EXPECTED, "evaluator"]
    assert overall(found) is Status.HEALTHY
    assert found["evaluator"].message == "Last evaluated 2 s ago"


def test_a_component_not_yet_seen_is_degraded_during_the_grace_and_unhealthy_after_it() -> None:
    assert overall(say(KNOWN, following=59.0)) is Status.DEGRADED
    found = say(KNOWN, following=61.0)
    assert found["redis"].message == "Not checked within 60 s"
    assert overall(found) is Status.UNHEALTHY


def test_a_snapshot_that_does_not_change_means_that_the_evaluator_is_dead() -> None:
    found = say(KNOWN | {"redis": REDIS}, age=20.1)
    assert overall(found) is Status.UNHEALTHY
    assert "evaluator is dead: no new result for 20 s" in found["evaluator"].message
    assert found["database"].status is Status.DEGRADED
    assert found["database"].message == "Not known any more; last: Database connection OK"


def test_no_snapshot_at_all_is_degraded_at_first_and_then_a_dead_evaluator() -> None:
    assert say({}, age=None, following=1.0)["evaluator"].status is Status.DEGRADED
    found = say({}, age=None, following=61.0)
    assert "never published" in found["evaluator"].message
    assert overall(found) is Status.UNHEALTHY


def test_a_redis_that_is_silent_is_what_is_at_fault_not_the_evaluator() -> None:
    found = say(KNOWN | {"redis": REDIS}, silence=3.1, age=100.0)
    assert (found["redis"].status, found["evaluator"].status) == (Status.UNHEALTHY, Status.DEGRADED)
    assert found["redis"].message == "Redis does not answer this process"
    assert overall(found) is Status.UNHEALTHY


def test_what_is_broken_stays_broken_when_nobody_looks_any_more() -> None:
    broken = Part(Status.UNHEALTHY, "Broken")
    assert say({"database": broken}, age=100.0)["database"] == broken


def test_the_document_is_the_documented_one() -> None:
    assert document(KNOWN, 1_765_881_000.7) == {
        "status": "healthy",
        "timestamp": "2025-12-16T10:30:00Z",
        "checks": {
            "celery": {"status": "healthy", "message": "1 worker(s) active", "workers": ["a@b"]},
            "database": {"status": "healthy", "message": "Database connection OK"},
        },
    }


def test_admins_see_figures_and_times() -> None:
    assert detailed({"database": DATABASE})["checks"]["database"] == {
        "status": "healthy",
        "message": "Database connection OK",
        "details": {"version": "16"},
        "checked": "2025-12-16T10:30:00Z",
        "since": "2025-12-16T10:13:20Z",
    }


@pytest.mark.parametrize(
    ("status", "word"), [(Status.HEALTHY, "pass"), (Status.DEGRADED, "warn"), (Status.UNHEALTHY, "fail")]
)
def test_the_health_format_has_its_own_words(status: Status, word: str) -> None:
    found = health_json({"database": Part(status, "So it is")}, service="shop", release="1.2")
    assert (found["status"], found["serviceId"], found["releaseId"]) == (word, "shop", "1.2")
    (check,) = found["checks"]["database"]
    assert (check["componentId"], check["status"]) == ("database", word)
    assert ("output" in check) == (word != "pass")

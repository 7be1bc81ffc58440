"""What the patch generator is told of the errors of a route."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.log.models import ErrorLog
from monitoring.patches import evidence
from tests.errors.log.rows import full, make_group, slim

pytestmark = pytest.mark.django_db

ROUTE = {"method": "POST", "route": "api/basket/", "window_seconds": 600}


def _told(*errors: ErrorLog) -> dict[str, Any]:
    found = evidence({**ROUTE, "errors": [str(error.error_id) for error in errors]})
    json.dumps(found)
    return found


@pytest.fixture
def group() -> ErrorGroup:
    return make_group()


def test_it_gets_the_traceback_the_source_the_samples_and_the_bug(group: ErrorGroup) -> None:
    KnownBug.objects.create(bug_id="B-001", number=1, group=group, fingerprint="f1", github_issue_url="https://g/1")
    error = full(group, fingerprint="f1", name="POST api/basket/", traceback="Traceback: no price for 17")
    error.save()
    found = _told(error)
    assert (found["fingerprint"], found["group"]) == ("f1", group.pk)
    assert found["bug"] == {"id": "B-001", "status": "open", "issue": "https://g/1"}
    assert found["traceback"] == "Traceback: no price for 17"
    assert "return sum(price(item) for item in basket)" in found["source"]
    (sample,) = found["samples"]
    assert sample["error_id"] == str(error.error_id)
    assert sample["message"] == "no price for 17"
    assert sample["request"] == {"method": "POST", "route": "api/basket/", "query": {"page": "2"}}


def test_the_cause_of_most_errors_is_told_in_full_and_the_others_by_name(group: ErrorGroup) -> None:
    other = make_group(title="KeyError: 17")
    errors = [slim(other), slim(group), slim(group)]
    for error in [*errors, full(group)]:
        error.save()
    found = _told(*errors)
    assert found["group"] == group.pk
    assert [(one["title"], one["count"]) for one in found["groups"]] == [
        ("PriceError: no price for <id>", 2),
        ("KeyError: 17", 1),
    ]
    assert len(found["samples"]) == 1, "errors without a payload say nothing"


def test_samples_of_the_route_come_first(group: ErrorGroup) -> None:
    there, elsewhere = full(group, ago=60, name="POST api/basket/"), full(group, name="GET api/other/")
    there.save()
    elsewhere.save()
    assert [one["name"] for one in _told(there)["samples"]] == ["POST api/basket/", "GET api/other/"]


def test_errors_that_are_not_known_by_their_ids_are_found_by_the_route(group: ErrorGroup) -> None:
    full(group).save()
    make_group(name="GET api/other/")
    found = evidence({**ROUTE, "errors": [str(uuid4())]})
    assert [one["group"] for one in found["groups"]] == [group.pk]
    assert found["samples"]


def test_a_route_whose_errors_nobody_recorded_is_told_all_the_same() -> None:
    found = evidence({**ROUTE, "errors": []})
    assert (found["groups"], found["group"], found["bug"], found["samples"]) == ([], None, None, [])


def test_what_it_gets_is_bounded(group: ErrorGroup) -> None:
    errors = [full(group, traceback="x" * 100_000, exception_message="y" * 100_000) for _ in range(8)]
    for error in errors:
        error.save()
    assert len(json.dumps(_told(*errors))) < 60_000

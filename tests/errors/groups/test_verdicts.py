from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.errors.groups.models import EntryKind, ErrorGroup, GroupStatus
from monitoring.errors.groups.verdicts import Evidence, verdict
from tests.properties import FEW

from .making import at

SEEN = {"1.0": at(-100), "1.1": at(-50), "2.0": at(10), "2.1": at(20)}


def resolved(release: str | None = None) -> ErrorGroup:
    if release is None:
        return ErrorGroup(status=GroupStatus.RESOLVED, resolved_at=at(0))
    return ErrorGroup(status=GroupStatus.RESOLVED_IN_RELEASE, resolved_at=at(0), resolved_release=release)


def ignored(**until: Any) -> ErrorGroup:
    return ErrorGroup(status=GroupStatus.IGNORED, **until)


@pytest.mark.parametrize(("minute", "expected"), [(-1, None), (0, None), (0.001, EntryKind.REGRESSED)])
def test_what_was_resolved_regresses_by_occurrences_since_then(minute: float, expected: EntryKind | None) -> None:
    assert verdict(resolved(), Evidence(at(minute), frozenset({""}))) == expected


@pytest.mark.parametrize(
    ("fixed", "seen", "expected"),
    [
        ("1.1", {"1.0"}, None),
        ("1.1", {"1.1"}, EntryKind.REGRESSED),
        ("1.1", {"1.0", "2.0"}, EntryKind.REGRESSED),
        ("1.1", {""}, None),
        ("3.0", {"2.1"}, None),  # 3.0 was never seen: nothing is later
        ("3.0", {"3.0"}, EntryKind.REGRESSED),
        ("", {"1.1"}, None),
        ("", {"1.1", "2.0"}, EntryKind.REGRESSED),
        ("", {""}, None),
    ],
)
def test_what_was_resolved_in_a_release_regresses_by_that_one_and_later_ones(
    fixed: str, seen: set[str], expected: EntryKind | None
) -> None:
    assert verdict(resolved(fixed), Evidence(at(30), frozenset(seen), SEEN)) == expected


def test_the_release_that_fixes_it_does_not_regress_by_what_came_late_from_before() -> None:
    assert verdict(resolved("1.1"), Evidence(at(-1), frozenset({"1.1"}), SEEN)) is None


@pytest.mark.parametrize(
    ("group", "evidence", "expected"),
    [
        (ignored(), Evidence(at(10**6), count=10**9), None),
        (ignored(ignored_until=at(5)), Evidence(at(4.9)), None),
        (ignored(ignored_until=at(5)), Evidence(at(5)), EntryKind.IGNORE_ENDED),
        (ignored(ignored_count=7), Evidence(at(0), count=6), None),
        (ignored(ignored_count=7), Evidence(at(0), count=7), EntryKind.IGNORE_ENDED),
        (ignored(ignored_rate=3), Evidence(at(0), recent=2), None),
        (ignored(ignored_rate=3), Evidence(at(0), recent=3), EntryKind.IGNORE_ENDED),
        (ignored(ignored_until=at(5), ignored_count=7), Evidence(at(0), count=7), EntryKind.IGNORE_ENDED),
    ],
)
def test_ignoring_ends_by_the_first_condition_that_comes_about(
    group: ErrorGroup, evidence: Evidence, expected: EntryKind | None
) -> None:
    assert verdict(group, evidence) == expected


@pytest.mark.parametrize("status", [GroupStatus.UNRESOLVED, GroupStatus.REGRESSED])
def test_where_nothing_is_decided_nothing_ends(status: GroupStatus) -> None:
    group = ErrorGroup(status=status, resolved_at=at(0), ignored_count=1)

    assert verdict(group, Evidence(at(9), count=9)) is None


@FEW
@given(st.integers(-60, 60), st.sets(st.sampled_from(["", *SEEN, "unseen"])), st.sampled_from([None, "", *SEEN, "3.0"]))
def test_nothing_from_before_the_decision_ends_it(minute: int, releases: set[str], fixed: str | None) -> None:
    found = verdict(resolved(fixed), Evidence(at(minute), frozenset(releases), SEEN))

    assert found in (None, EntryKind.REGRESSED)
    assert minute > 0 or found is None

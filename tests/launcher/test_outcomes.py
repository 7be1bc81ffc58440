"""What `bin/test` plans, and what it makes of the results."""

from pathlib import Path

import pytest
from launcher.testing import Outcome, Plan, plans, read_failures, read_report, settled, verdict

SQLITE = Plan("SQLite", "not soak")
POSTGRESQL = Plan("PostgreSQL", "not soak", Path("/usr/lib/postgresql/15/bin"))


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([0, 0], 0),
        ([0, 5], 0),
        ([5, 0], 0),
        ([5, 5], 5),
        ([5], 5),
        ([1, 0], 1),
        ([0, 1], 1),
        ([5, 1], 1),
        ([0, 2], 2),
        ([4, 4], 4),
        ([], 5),
    ],
)
def test_one_failure_fails_all_and_an_empty_selection_only_alone(codes: list[int], expected: int) -> None:
    assert verdict([Outcome(SQLITE, code) for code in codes]) == expected


def test_without_postgresql_sqlite_runs_everything() -> None:
    assert [plan.marker for plan in plans(None, soak=False)] == ["not soak"]


def test_with_postgresql_system_tests_run_there_and_their_smoke_on_sqlite() -> None:
    sqlite, postgresql = plans(POSTGRESQL.postgres, soak=False)
    assert sqlite.marker == "not soak and (smoke or not (system or databaseless))"
    assert postgresql.marker == "not soak"
    assert sqlite.workers < postgresql.workers, "who has nothing to wait for needs no more processes than cores"


def test_soak_runs_on_both() -> None:
    assert [plan.marker for plan in plans(POSTGRESQL.postgres, soak=True)] == ["soak", "soak"]


def test_the_closing_line_counts_what_pytest_reported(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text('<testsuites><testsuite tests="10" failures="1" errors="1" skipped="3"/></testsuites>')
    outcome = read_report(SQLITE, 1, report)
    assert str(outcome) == "SQLite: 5 passed, 2 failed, 3 skipped"


def test_a_run_that_left_no_report_counts_nothing(tmp_path: Path) -> None:
    assert str(read_report(SQLITE, 4, tmp_path / "none.xml")) == "SQLite: 0 passed, 0 failed, 0 skipped"


def test_what_passes_alone_is_named_and_no_failure() -> None:
    first, alone = Outcome(SQLITE, 1, passed=7, failed=2, skipped=1), Outcome(SQLITE, 0, passed=2)
    both = settled(first, alone, ["a::one", "b::two"])
    assert verdict([both]) == 0
    assert str(both).splitlines() == [
        "SQLite: 9 passed, 0 failed, 1 skipped",
        "  passed only when it was alone: a::one",
        "  passed only when it was alone: b::two",
    ]


def test_what_fails_alone_as_well_fails() -> None:
    first, alone = Outcome(SQLITE, 1, passed=7, failed=2), Outcome(SQLITE, 1, passed=1, failed=1)
    both = settled(first, alone, ["a::one"])
    assert verdict([both]) == 1
    assert (both.passed, both.failed) == (8, 1)


def test_a_second_run_that_tried_nothing_excuses_nothing() -> None:
    first = Outcome(SQLITE, 1, passed=7, failed=2)
    assert settled(first, Outcome(SQLITE, 5), ["a::one", "b::two"]) == first


def test_failures_are_read_by_their_names(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite><testcase classname="a" name="good"/>'
        '<testcase classname="a" name="bad"><failure/></testcase><testcase classname="b" name="odd"><error/></testcase>'
        "</testsuite></testsuites>"
    )
    assert read_failures(report) == ["a::bad", "b::odd"]
    assert read_failures(tmp_path / "none.xml") == []

"""What `bin/test` plans, and what it makes of the results."""

from pathlib import Path

import pytest
from launcher.testing import Outcome, Plan, plans, read_report, verdict

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

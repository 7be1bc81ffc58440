"""`bin/test`: the tests on every database this machine can run."""

import argparse
import os
import shutil
import signal
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from launcher import environment, postgres_server
from launcher.console import run_command, say
from launcher.layout import ROOT, VENV
from launcher.postgres_server import PostgresServer
from launcher.processes import die_with_parent
from launcher.redis_server import RedisServer

_FAILED, _NOTHING_COLLECTED = 1, 5
_FEW = 10
"""No more failures than these are tried once more: what is broken breaks more than that, or breaks again."""
_HELP = """\
Run the tests on SQLite, and on a private PostgreSQL too when its server binaries are found. Redis is private as well.
Tests that fail beside others, a few at most, are tried once more, one after the other: what passes then is named, and
is no failure.
Every argument that is not listed here goes to pytest, for example: bin/test tests/launcher -k redis -x -n 0
"""


@dataclass(frozen=True)
class Plan:
    """One run of pytest."""

    label: str
    marker: str
    postgres: Path | None = None
    workers: int = 4
    """Processes that run tests; with whole platforms among them, one or two of these wait most of the time."""


@dataclass(frozen=True)
class Outcome:
    """What one run of pytest did."""

    plan: Plan
    exit_code: int
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    unsteady: tuple[str, ...] = ()
    """Tests that failed beside others, and passed alone."""

    def __str__(self) -> str:
        said = f"{self.plan.label}: {self.passed} passed, {self.failed} failed, {self.skipped} skipped"
        return "\n".join([said, *(f"  passed only when it was alone: {name}" for name in self.unsteady)])


def main(arguments: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="bin/test", description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--soak", action="store_true", help="run the long tests with random kills and outages instead")
    parser.add_argument(
        "--database", choices=["sqlite", "postgresql"], help="run on this database alone (default: on all there are)"
    )
    chosen, for_pytest = parser.parse_known_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    return run_command("test", lambda: _test(chosen.database, for_pytest, soak=chosen.soak))


def _leave(number: int, _frame: FrameType | None) -> None:
    """Leave through every `finally`, so that no server and no folder stays behind."""
    raise SystemExit(128 + number)


def _test(database: str | None, for_pytest: list[str], *, soak: bool) -> int:
    environment.ensure(environment.RUNTIME, environment.DEVELOPMENT)
    chosen = plans(postgres_server.find_binaries(), soak=soak)
    if database:
        chosen = [plan for plan in chosen if plan.label.lower() == database]
    outcomes = [_run(plan, for_pytest) for plan in chosen]
    say("")
    for outcome in outcomes:
        say(str(outcome))
    if len(chosen) == 1 and not database:
        say("PostgreSQL: not run, no server binaries found (on Debian: apt-get install postgresql)")
    return verdict(outcomes)


def verdict(outcomes: list[Outcome]) -> int:
    """Return the exit code: a database on which no test was selected is no failure if another ran some."""
    codes = [outcome.exit_code for outcome in outcomes]
    if any(code not in {0, _NOTHING_COLLECTED} for code in codes):
        return next(code for code in codes if code not in {0, _NOTHING_COLLECTED})
    return 0 if 0 in codes else _NOTHING_COLLECTED


def plans(postgres: Path | None, *, soak: bool) -> list[Plan]:
    """Say what runs where.

    Whole platforms, and what touches no database, run on the best database there is; a few platforms also on SQLite.
    """
    if soak:
        sqlite_only = [Plan("SQLite", "soak")]
        return [*sqlite_only, Plan("PostgreSQL", "soak", postgres)] if postgres else sqlite_only
    if postgres is None:
        return [Plan("SQLite", "not soak")]
    sqlite = "not soak and (smoke or not (system or databaseless))"
    return [Plan("SQLite", sqlite, workers=3), Plan("PostgreSQL", "not soak", postgres)]


def _run(plan: Plan, for_pytest: list[str]) -> Outcome:
    """Run pytest against servers of its own, in folders that are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="enginel-test-"))
    # Nobody needs it after a crash, and a disk that others keep busy would hold up every test at once.
    redis = RedisServer(folder / "redis", databases=128, durable=False)
    postgres = PostgresServer(plan.postgres) if plan.postgres else None
    try:
        redis.start()
        if postgres:
            postgres.start()
        say(f"== {plan.label}: -m '{plan.marker}'")
        settings = _environment(folder, redis, postgres)

        def run(*more: str) -> tuple[Outcome, list[str]]:
            report = folder / f"report-{len(more)}.xml"
            code = _pytest(plan, [*for_pytest, *more], report, settings)
            return read_report(plan, code, report), read_failures(report)

        found, failures = run()
        if for_pytest or found.exit_code != _FAILED or len(failures) > _FEW:
            return found
        say(f"== {plan.label}: once more, alone: {', '.join(failures)}")
        alone, broken = run("--last-failed", "--last-failed-no-failures", "none", "-n", "0")
        return settled(found, alone, [name for name in failures if name not in broken])
    finally:
        if postgres:
            postgres.stop()
        redis.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path, redis: RedisServer, postgres: PostgresServer | None) -> dict[str, str]:
    # What a person has set for their own platform must not reach the tests.
    own = {"DATABASE_URL", "REDIS_URL", "ADMIN_TOKEN", "PORT", "HOST", "MONITORING", "DEBUG", "HEARTBEAT_FILE"}
    # Hundreds of processes are started: each would compile, and pytest rewrite, every module again.
    own |= {"PYTHONDONTWRITEBYTECODE"}
    settings = {name: value for name, value in os.environ.items() if name not in own}
    settings = {name: value for name, value in settings.items() if not name.startswith(("FLOWER_", "METRICS_"))}
    settings |= {"REDIS_URL": redis.url, "ENGINEL_VAR": str(folder / "var"), "OPENBLAS_NUM_THREADS": "1"}
    (folder / "var").mkdir(mode=0o700)
    if postgres:
        settings["DATABASE_URL"] = postgres.url
    return settings


def _pytest(plan: Plan, for_pytest: list[str], report: Path, settings: dict[str, str]) -> int:
    # A file stays whole, or what its tests share would be started twice. What the caller gives comes last and wins.
    command = [str(VENV / "bin" / "pytest"), "-m", plan.marker, "-n", str(plan.workers)]
    command += ["--dist", "loadfile", "--no-loadscope-reorder"]
    command += [f"--junitxml={report}", "-o", "junit_family=xunit2", *for_pytest]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=settings,
        stdin=subprocess.DEVNULL,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - this process has one thread
    )
    try:
        return process.wait()
    except BaseException:
        # Ctrl-C reaches pytest by itself; a SIGTERM to us does not.
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise


def settled(first: Outcome, alone: Outcome, steady: list[str]) -> Outcome:
    """Return what two runs say together, the second of those tests alone that failed in the first one.

    Args:
        first: The run of all.
        alone: That of the failed ones.
        steady: Which of these passed then.
    """
    if alone.passed + alone.failed + alone.skipped < len(steady):  # it did not try what it should have
        return first
    passed = first.passed + alone.passed
    return Outcome(first.plan, alone.exit_code, passed, first.failed - alone.passed, first.skipped, tuple(steady))


def read_failures(report: Path) -> list[str]:
    """Return the names of the tests that a report says have failed."""
    if not report.exists():
        return []
    cases = ET.parse(report).getroot().iter("testcase")
    failed = (case for case in cases if case.find("failure") is not None or case.find("error") is not None)
    return sorted({f"{case.get('classname')}::{case.get('name')}" for case in failed})


def read_report(plan: Plan, code: int, report: Path) -> Outcome:
    """Count what pytest wrote down; there is no report when it could not even begin."""
    if not report.exists():
        return Outcome(plan, code)
    suites = list(ET.parse(report).getroot().iter("testsuite"))
    total, failures, errors, skipped = (
        sum(int(suite.get(name, 0)) for suite in suites) for name in ("tests", "failures", "errors", "skipped")
    )
    failed = failures + errors
    return Outcome(plan, code, max(0, total - failed - skipped), failed, skipped)

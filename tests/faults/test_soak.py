"""The whole platform under a known load, disturbed: each time the totals equal exactly what was sent."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults import soak_platform
from tests.faults.soak_platform import FLUSH_INTERVAL, RATE, Platform, Visitors

KILLS = 20
PROMPTNESS = 0.25
"""Seconds beyond the flush interval that a busy machine may take to send."""


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    on_postgres = os.environ.get("DATABASE_URL", "").startswith("postgres")
    one = Platform(tmp_path, soak_platform.private_postgres() if on_postgres else None)
    try:
        one.start()
        yield one
    finally:
        one.stop()


class Report:
    """The table that is printed in the end."""

    def __init__(self) -> None:
        self.rows = [("what was done", "sent", "arrived", "lost", "seconds")]
        self.notes: list[str] = []

    def add(self, what: str, sent: int, arrived: int, seconds: float) -> None:
        self.rows.append((what, str(sent), str(arrived), str(sent - arrived), f"{seconds:.0f}"))

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(*self.rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in self.rows]
        return "\n".join(["", *lines, *self.notes, ""])


def _disturb(platform: Platform, report: Report, phase: str, action: Callable[[], str]) -> None:
    """Run producers while something happens, and compare what they recorded with what was counted."""
    begin = time.monotonic()
    producers = platform.producers(phase)
    what = action()
    time.sleep(1.0)
    sent = {one.name: one.finish() for one in producers}
    wrong = platform.settled(sent)
    counted = platform.arrived("operation")
    report.add(what, sum(sent.values()), sum(counted.get(name, 0) for name in sent), time.monotonic() - begin)
    assert not wrong, f"{what}: {wrong}\n{report}"


def _kill_drainers(platform: Platform) -> str:
    amid = sum(platform.kill_the_drainer(amid=number % 2 == 0) for number in range(KILLS))
    return f"{KILLS} SIGKILLs of the worker that drains, {amid} of them amid a drain"


def _restart_redis(platform: Platform) -> str:
    for _ in range(3):
        platform.restart_redis(0.0)
        time.sleep(2.0)
    return "3 restarts of Redis (append-only file)"


def _take_redis_away(platform: Platform) -> str:
    platform.restart_redis(30.0)
    return "Redis away for 30 s"


def _restart_postgres(platform: Platform) -> str:
    for _ in range(3):
        platform.restart_postgres(1.0)
        time.sleep(2.0)
    return "3 restarts of PostgreSQL, away for 1 s each"


def _crash_postgres(platform: Platform) -> str:
    for _ in range(3):
        platform.restart_postgres(1.0, crash=True)
        time.sleep(2.0)
    return "3 crashes of PostgreSQL, recovered from its log"


def _terminate_web(platform: Platform, report: Report) -> None:
    begin = time.monotonic()
    master = platform.start_web()
    visitors = Visitors(platform.port)
    terminated = 0
    for _ in range(5):
        time.sleep(1.0)
        for worker in soak_platform.web_workers(master)[:1]:
            worker.terminate()
            terminated += 1
    time.sleep(1.0)
    master.terminate()
    assert master.wait(30) == 0
    visitors.finish()
    answered, cut_off = visitors.answered, visitors.cut_off

    def counted() -> int:
        return platform.arrived("request").get("GET api/health/", 0)

    deadline = time.monotonic() + 30
    while counted() < answered and time.monotonic() < deadline:
        time.sleep(0.3)
    time.sleep(1.0)
    what = f"{terminated} SIGTERMs of web workers and one of gunicorn, {cut_off} requests cut off"
    report.add(what, answered, counted(), time.monotonic() - begin)
    assert answered <= counted() <= answered + cut_off, f"{what}\n{report}"


def _kill_producers(platform: Platform, report: Report) -> None:
    begin = time.monotonic()
    sent, arrived, worst = 0, 0, 0
    for number in range(3):
        producers = platform.producers(f"killed {number}", 2)
        time.sleep(1.0 + 0.037 * number)
        recorded = {one.name: one.kill() for one in producers}
        time.sleep(3.0)
        counted = platform.arrived("operation")
        for name, count in recorded.items():
            found = counted.get(name, 0)
            sent, arrived, worst = sent + count, arrived + found, max(worst, count - found)
            # It may have recorded one event more than it could still say.
            assert -1 <= count - found <= RATE * (FLUSH_INTERVAL + PROMPTNESS), f"{name}: {count - found} lost"
    report.add("6 SIGKILLs of producers", sent, arrived, time.monotonic() - begin)
    report.notes.append(
        f"A killed producer lost at most {worst} events, the last {worst / RATE * 1000:.0f} ms of its"
        f" {RATE:.0f} events/s; it flushes every {FLUSH_INTERVAL * 1000:.0f} ms."
    )


@pytest.mark.soak
def test_totals_equal_what_was_sent_through_kills_restarts_and_outages(
    platform: Platform, capfd: pytest.CaptureFixture[str]
) -> None:
    report = Report()
    try:
        _disturb(platform, report, "calm", lambda: time.sleep(2.0) or "nothing")
        _disturb(platform, report, "kills", lambda: _kill_drainers(platform))
        _disturb(platform, report, "restarts", lambda: _restart_redis(platform))
        _disturb(platform, report, "away", lambda: _take_redis_away(platform))
        if platform.postgres is not None:
            _disturb(platform, report, "database", lambda: _restart_postgres(platform))
            _disturb(platform, report, "crashes", lambda: _crash_postgres(platform))
        _terminate_web(platform, report)
        _kill_producers(platform, report)
        outcomes = platform.totals("intake")
        letters = platform.query("SELECT reason, COUNT(*) FROM monitoring_deadletter GROUP BY reason")
        report.notes.append(f"intake counted: {outcomes}; dead letters: {dict(letters)}")
        assert not letters
        assert not {name for name in outcomes if name.startswith("events_lost")}
    finally:
        with capfd.disabled():
            print(report, file=sys.stderr)

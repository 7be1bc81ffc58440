"""A million entries written, sealed, sealed outside of the database, proved, exported, proved from the file, let go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from monitoring.conf import get_config
from monitoring.journal.audit import heads, sealing
from monitoring.journal.audit.models import JournalEntry
from monitoring.journal.audit.writing import NewEntry, write

pytestmark = [pytest.mark.soak, pytest.mark.usefixtures("redis_client", "database")]

ROWS = int(os.environ.get("SOAK_JOURNAL_ROWS", "1000000"))
AT_ONCE = 1_000
ROUNDS = 100
"""Seals outside of the database."""
HEADROOM = 64
"""MiB that proving may take beyond what the process takes anyhow."""
BEGIN = datetime(2026, 11, 23, tzinfo=UTC)

_COMMAND = """
import json, re, sys, time
import django
django.setup()
from django.core.management import call_command
from monitoring.journal.audit import exporting, verifying

def peak():
    with open("/proc/self/status") as file:
        return int(re.search(r"VmHWM:\\s*(\\d+)", file.read())[1]) // 1024

before, begun, used = peak(), time.monotonic(), time.process_time()
call_command(*sys.argv[1:])
print(json.dumps([before, peak(), time.monotonic() - begun, time.process_time() - used]), file=sys.stderr)
"""


class Report:
    """The table that is printed in the end."""

    def __init__(self) -> None:
        self._seconds: dict[str, tuple[float, float]] = {}
        self._lines = ["", f"{connection.vendor}: {ROWS:,} entries; seconds on the clock, and of this side's processor"]

    def timed(self, what: str, action: Callable[[], object]) -> None:
        """Do something, and add the time it takes to what others of its name took."""
        begun, used = time.monotonic(), time.process_time()
        action()
        before = self._seconds.get(what, (0.0, 0.0))
        self._seconds[what] = (before[0] + time.monotonic() - begun, before[1] + time.process_time() - used)

    def close(self, rows: int = ROWS) -> None:
        """Make lines of the times so far."""
        for what, (seconds, used) in self._seconds.items():
            self._lines.append(f"{what:<26} {seconds:8.1f} s {used:8.1f} s {rows / seconds:10,.0f} rows/s")
        self._seconds.clear()

    def add(self, what: str, seconds: float, used: float, peaks: tuple[int, int], rows: int = ROWS) -> None:
        """Add what a process has taken, with the most memory (MiB) it had before its work and after it."""
        line = f"{what:<26} {seconds:8.1f} s {used:8.1f} s {rows / seconds:10,.0f} rows/s"
        self._lines.append(f"{line}   peak {peaks[1]} MiB, {peaks[1] - peaks[0]} of them for this")

    def __str__(self) -> str:
        return "\n".join(self._lines)


@pytest.fixture
def where(settings: Any, tmp_path: Path) -> dict[str, str]:
    """Where seals and key lie, as settings."""
    chosen = {"JOURNAL_SEALS_FOLDER": str(tmp_path / "seals"), "JOURNAL_KEY_FILE": str(tmp_path / "key")}
    settings.MONITORING = {**settings.MONITORING, **chosen}
    return chosen


def test_a_million_entries_are_proved_in_constant_memory(
    where: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, exported = Report(), tmp_path / "export.jsonl"
    try:
        _fill(report)
        report.close()
        told = [
            _command(report, where, ["verify_audit"]),
            _command(report, where, ["export_audit"], exported),
            _command(report, where, ["verify_audit", "--file", str(exported)]),
        ]
        assert [said for said, _ in told if said] == [f"audit: {ROWS} entries, sealed up to number {ROWS}\n"] * 2
        assert [more for _, more in told if more > HEADROOM] == []
        later = BEGIN + timedelta(minutes=ROUNDS // 2, days=get_config().journal_retention_days, seconds=-30)
        report.timed("let half of them go", lambda: heads.prune(get_config(), connection.alias, later))
        report.close(ROWS // 2)
        assert JournalEntry.objects.count() == ROWS // 2
        said, _ = _command(report, where, ["verify_audit"], rows=ROWS // 2)
        assert said == f"audit: {ROWS // 2} entries, sealed up to number {ROWS}\n"
    finally:
        with capsys.disabled():
            print(report, file=sys.stderr)


def _fill(report: Report) -> None:
    for number in range(ROUNDS):
        now = BEGIN + timedelta(minutes=number)
        for some in _made(ROWS // ROUNDS, now):
            report.timed("written", partial(_write, some))
        report.timed("sealed", partial(sealing.seal, connection.alias, now))
        report.timed(f"sealed outside, {ROUNDS} times", partial(_seal_outside, now))


def _seal_outside(now: datetime) -> None:
    assert heads.seal(get_config(), connection.alias, now) == []


def _made(count: int, now: datetime) -> Iterator[list[NewEntry]]:
    for begun in range(0, count, AT_ONCE):
        yield [
            NewEntry(
                entry_id=uuid.uuid4(),
                stream="audit",
                at=now,
                service="shop",
                environment="production",
                action="order.refund",
                actor=f"user {number % 997}",
                client="192.0.2.7",
                target_type="order",
                target_id=str(number),
                trace_id=uuid.uuid4().hex,
                request_id=uuid.uuid4().hex,
                details={"amount": 12.5, "currency": "EUR", "reason": "damaged", "lines": [1, 2, 3]},
            )
            for number in range(begun, min(begun + AT_ONCE, count))
        ]


def _write(entries: list[NewEntry]) -> None:
    with transaction.atomic():
        write(entries, connection.alias)


def _command(
    report: Report, where: dict[str, str], words: list[str], into: Path | None = None, rows: int = ROWS
) -> tuple[str, int]:
    """Run a command of Django in a process of its own; return what it said, and the MiB that its work took."""
    connections.close_all()
    environment = os.environ | {"DATABASE_URL": _url(), "MONITORING": json.dumps(where)}
    environment["DJANGO_SETTINGS_MODULE"] = "enginel.settings"
    with (into or Path(os.devnull)).open("w") as file:
        ended = subprocess.run(
            [sys.executable, "-c", _COMMAND, *words],
            env=environment,
            stdout=file if into else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 0, f"{words}: {ended.stdout}{ended.stderr}"
    before, after, seconds, used = json.loads(ended.stderr.splitlines()[-1])
    report.add(" ".join(words[:2]), seconds, used, (before, after), rows)
    return ended.stdout or "", after - before


def _url() -> str:
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"

"""A million errors of 200 causes within a minute: people get a few messages, evaluations go on, and nothing is lost."""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from pytest_httpserver import HTTPServer

from monitoring.stream import streams
from monitoring.stream.connection import connect
from tests.alerts.channels.mailbox import Mailbox
from tests.faults import storm
from tests.faults.storm import Storm
from tests.system.databases import migrated_database
from tests.system.platform import Platform, wait_until
from tests.system.visitors import Visitor

ERRORS, GROUPS = 1_000_000, 200
BEFORE = 100_000
"""Errors before, of which nobody is told: a worker has what it needs when it has drained as much as it may."""
SENT_WITHIN = 60.0
MOST_MESSAGES = 15
"""Messages that one destination may get of all that, resolved ones apart: ten at once, one a minute then."""
MOST_LAG = 5.0
"""Seconds by which an evaluation may be late."""
MOST_GROWTH, MOST_CREEP = 160 << 20, 32 << 20
"""Bytes by which a worker may grow that reads 32 MiB at once where so much waits; of these, in the second half."""
INTERVAL, ESCALATE_AFTER = 5.0, 30.0
PATIENCE = 900.0
SETTINGS = {
    "ALERT_INTERVAL": INTERVAL,
    "ESCALATE_AFTER_SECONDS": ESCALATE_AFTER,
    "OUTBOUND_ALLOWED_NETWORKS": ["127.0.0.0/8"],
}
SECRET = "a key that both sides know of"
HOOK, SLACK, OPS, BOSS = "/hook", "/slack", "ops@example.com", "boss@example.com"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox.serve() as served:
        yield served


@pytest.fixture
def platform(tmp_path: Path, mailbox: Mailbox, httpserver: HTTPServer) -> Iterator[Platform]:
    for path in (HOOK, SLACK):
        httpserver.expect_request(path, method="POST").respond_with_data("ok")
    with migrated_database() as database_url:
        made = Platform(tmp_path, database_url)
        try:
            made.start(
                EMAIL_URL=f"smtp://{mailbox.host}:{mailbox.port}",
                ERROR_ALERT_RECIPIENTS=OPS,
                ERROR_ESCALATION_RECIPIENTS=BOSS,
                SLACK_WEBHOOK_URL=httpserver.url_for(SLACK),
                MONITORING=json.dumps({**SETTINGS, "PUBLIC_URL": made.base}),
            )
            yield made
        finally:
            made.kill()


class Rows:
    """The platform's database, seen from beside it."""

    def __init__(self, platform: Platform) -> None:
        self._url, self._path = platform.database_url, platform.state / "db.sqlite3"

    def __call__(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement."""
        if self._url:
            with psycopg.connect(self._url, autocommit=True) as connection:
                return connection.execute(statement.encode()).fetchall()
        connection = sqlite3.connect(self._path, timeout=60)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    def one(self, statement: str) -> Any:
        """Return the one value that a statement finds."""
        return self(statement)[0][0]


class Watch:
    """Looks at the evaluator and at the worker while the storm is on."""

    def __init__(self, rows: Rows, worker: psutil.Process) -> None:
        self._rows, self._worker = rows, worker
        self.lag, self.seconds = 0.0, 0.0
        self.memory = [worker.memory_info().rss]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(0.25):
            ((completed, seconds),) = self._rows("SELECT completed, seconds FROM monitoring_evaluation")
            if isinstance(completed, str):
                completed = datetime.fromisoformat(completed)
            completed = completed.replace(tzinfo=completed.tzinfo or UTC)
            late = (datetime.now(UTC) - completed).total_seconds() - INTERVAL
            self.lag, self.seconds = max(self.lag, late), max(self.seconds, seconds)
            self.memory.append(self._worker.memory_info().rss)

    @property
    def peaks(self) -> tuple[int, int]:
        """Return the most memory that the worker had in the first half of the time, and in the second."""
        half = (len(self.memory) + 1) // 2
        return max(self.memory[:half]), max(self.memory[half:], default=0)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join(60)
        assert self._thread.is_alive() is False


class Stream:
    """The stream of facts of a platform."""

    def __init__(self, platform: Platform) -> None:
        self._client = connect(platform.secret("redis/url"), 60.0, 2)
        self._stream = streams.Stream("enginel", 0, streams.FACTS)

    def send(self, found: Storm) -> float:
        """Append what is encoded, as processes do; return how many seconds that took."""
        began = time.monotonic()
        for fields in found.entries:
            streams.append(self._client, self._stream, fields, 2**50)
        return time.monotonic() - began

    def is_empty(self) -> bool:
        """Whether all was taken in."""
        return not streams.length(self._client, self._stream)

    def close(self) -> None:
        """Let it go."""
        self._client.close()


@pytest.fixture
def stream(platform: Platform) -> Iterator[Stream]:
    made = Stream(platform)
    yield made
    made.close()


def worker_of(platform: Platform) -> psutil.Process:
    """Return the worker that drains, evaluates and sends."""
    assert platform.process is not None
    (found,) = [
        one
        for one in psutil.Process(platform.process.pid).children(recursive=True)
        if "worker" in (line := one.cmdline()) and "monitoring@%h" in line
    ]
    return found


def post(platform: Platform, what: str, body: object) -> None:
    """Create something over HTTP."""
    headers = {"Authorization": f"Bearer {platform.secret('admin-token')}", "Content_Type": "application/json"}
    path = f"/api/monitoring/alerts/{what}/"
    made = Visitor(platform).ask("POST", path, json.dumps(body).encode(), **headers)
    assert made.status == 201, made.text


def messages(mailbox: Mailbox, httpserver: HTTPServer) -> dict[str, Counter[str]]:
    """Return how many messages each destination got, by kind."""
    found: dict[str, Counter[str]] = {OPS: Counter(), BOSS: Counter(), HOOK: Counter(), SLACK: Counter()}
    for mail in mailbox.mails():
        digest = "alerts:" in str(mail["Subject"])
        found[str(mail["To"])]["digest" if digest else "single"] += 1
    for request, _ in httpserver.log:
        body = json.loads(request.get_data())
        kind = body["kind"] if request.path == HOOK else "message"
        found[request.path][kind] += 1
    return found


def table(lines: Sequence[tuple[str, object]]) -> str:
    width = max(len(name) for name, _ in lines)
    return "\n".join(["", *(f"{name:{width}}  {value}" for name, value in lines), ""])


@pytest.mark.soak
def test_a_storm_of_a_million_errors_is_told_in_a_few_messages(
    platform: Platform,
    stream: Stream,
    mailbox: Mailbox,
    httpserver: HTTPServer,
    capfd: pytest.CaptureFixture[str],
) -> None:
    rows = Rows(platform)
    hook = {"name": "hook", "kind": "webhook", "settings": {"url": httpserver.url_for(HOOK), "secret": SECRET}}
    post(platform, "channels", {**hook, "severities": ["critical", "high", "medium", "low"]})
    post(platform, "silences", {"matchers": [{"name": "service", "value": "before"}], "seconds": 86_400})
    stream.send(storm.make(BEFORE, GROUPS, "before"))
    wait_until(stream.is_empty, "the first errors are taken in", PATIENCE)
    silenced = "SELECT COUNT(*) FROM monitoring_incident WHERE silenced"
    wait_until(lambda: rows.one(silenced) >= GROUPS, "their incidents are silenced", PATIENCE)
    worker = worker_of(platform)
    before = worker.memory_info().rss

    found = storm.make(ERRORS, GROUPS)
    watch = Watch(rows, worker)
    began = time.monotonic()
    sent_within = stream.send(found)
    wait_until(stream.is_empty, "all are taken in", PATIENCE)
    taken_in = time.monotonic() - began
    first, second = watch.peaks

    def waiting() -> int:
        return int(
            rows.one("SELECT COUNT(*) FROM monitoring_delivery WHERE state IN ('pending', 'sending')")
            + rows.one(
                "SELECT COUNT(*) FROM monitoring_incident i WHERE state = 'firing' AND severity IN ('critical', 'high')"
                " AND NOT inhibited AND NOT silenced AND NOT EXISTS (SELECT 1 FROM monitoring_incidententry e"
                " WHERE e.incident_id = i.id AND e.kind = 'escalated')"
            )
        )

    wait_until(lambda: not waiting(), "all is told", PATIENCE)
    watch.stop()
    after = worker.memory_info().rss
    told = messages(mailbox, httpserver)
    lines: list[tuple[str, object]] = [
        ("errors", f"{ERRORS:,}, {found.in_full:,} of them in full, sent within {sent_within:.0f} s"),
        ("taken in", f"{taken_in:.0f} s, {ERRORS / taken_in:,.0f}/s"),
        ("groups", rows.one("SELECT COUNT(*) FROM monitoring_errorgroup WHERE service = 'shop'")),
        ("incidents", dict(rows("SELECT rule_name, COUNT(*) FROM monitoring_incident GROUP BY rule_name"))),
        ("deliveries", rows("SELECT label, kind, state, COUNT(*) FROM monitoring_delivery GROUP BY 1, 2, 3")),
        *((f"messages to {where}", f"{kinds.total()}: {dict(kinds)}") for where, kinds in told.items()),
        ("longest evaluation", f"{watch.seconds:.2f} s"),
        ("worst lag", f"{watch.lag:.2f} s"),
        ("worker's memory", " → ".join(f"{size >> 20} MiB" for size in (before, first, second, after))),
    ]
    with capfd.disabled():
        print(table(lines), file=sys.stderr)

    counted = dict(rows("SELECT name, count FROM monitoring_errorgroup WHERE service = 'shop'"))
    assert counted == dict(found.counts)
    assert rows.one("SELECT COUNT(*) FROM monitoring_deadletter") == 0
    assert sent_within <= SENT_WITHIN
    assert max(kinds.total() for kinds in told.values()) <= MOST_MESSAGES
    untold = "SELECT COUNT(*) FROM monitoring_incident i WHERE state = 'firing' AND NOT silenced AND NOT inhibited"
    sent = "SELECT 1 FROM monitoring_delivery d WHERE d.incident_id = i.id AND d.kind = 'firing' AND d.state = 'sent'"
    assert rows.one(f"{untold} AND NOT EXISTS ({sent})") == 0
    assert watch.lag <= MOST_LAG
    assert max(first, second) - before <= MOST_GROWTH
    assert second - first <= MOST_CREEP

"""What is old is dropped; what is still true, and what counters are made of, stays."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from monitoring.conf import Config
from monitoring.jobs import findings, retention
from monitoring.jobs.findings import Finding
from monitoring.jobs.runs.models import TaskRun
from monitoring.jobs.workers.models import Worker
from monitoring.storage import partitions
from tests.jobs.runs.rows import store_run

pytestmark = pytest.mark.django_db

DAY = 86_400


def test_old_runs_are_dropped() -> None:
    store_run(17 * DAY)
    kept = {store_run(2 * DAY).task_id, store_run().task_id}
    retention.prune(Config(run_retention_days=14))
    assert set(TaskRun.objects.values_list("task_id", flat=True)) == kept


def test_findings_that_were_over_long_ago_are_dropped_and_open_ones_stay() -> None:
    old, new = datetime.now(UTC) - timedelta(days=15), datetime.now(UTC) - timedelta(days=13)
    findings.raise_finding("worker_down", "open", {}, old)
    findings.note("task_lost", "old", {}, old)
    findings.note("task_lost", "new", {}, new)
    findings.raise_finding("beat_dead", "long", {}, old)
    findings.resolve("beat_dead", "long", new)
    retention.prune(Config(run_retention_days=14))
    assert set(Finding.objects.values_list("subject", flat=True)) == {"open", "new", "long"}
    assert findings.totals()["task_lost"] == 2


@pytest.mark.parametrize("state", Worker.State.values)
def test_workers_nobody_heard_of_for_a_day_are_forgotten(state: str) -> None:
    for node, days in (("gone", 1.1), ("here", 0.9)):
        seen = datetime.now(UTC) - timedelta(days=days)
        Worker.objects.create(node=node, state=state, since=seen, seen=seen, progressed=seen)
    retention.prune(Config())
    assert list(Worker.objects.values_list("node", flat=True)) == ["here"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="partitions are PostgreSQL's")
def test_tomorrow_has_its_partition() -> None:
    partitions.forget()
    retention.prepare()
    minute = int(time.time() // 60) + DAY // 60
    first = minute // TaskRun.partition_minutes * TaskRun.partition_minutes
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{TaskRun._meta.db_table}_p{first}"])
        assert cursor.fetchone() == (True,)

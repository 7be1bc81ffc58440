"""No question reads the whole log: each finds its rows by an index, on either database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.conf import Config
from monitoring.errors.log import event, thinning
from monitoring.errors.log.filters import narrowed
from monitoring.errors.log.models import ErrorLog
from monitoring.errors.log.summary import summarise

from .rows import full, make_group, slim, store

pytestmark = pytest.mark.django_db

LONG_AGO = datetime.now(UTC) - timedelta(days=20)


@pytest.fixture(autouse=True)
def rows() -> ErrorLog:
    group = make_group()
    stored = store(
        *(slim(group, ago=10 * n, trace_id=f"{n:032x}", task_id=f"{n}", status_code=n) for n in range(300)),
        *(full(group, ago=100 * n) for n in range(1, 20)),
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "postgresql":  # so few rows are read from end to end in no time
            cursor.execute("SET LOCAL enable_seqscan = off")
    return stored[5]


def plan(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{sql}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def reads_everything(plan: str) -> bool:
    lines = [line for line in plan.splitlines() if "monitoring_errorlog" in line]
    return any("Seq Scan" in line or ("SCAN" in line and "INDEX" not in line) for line in lines)


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({}, "created"),
        ({"service": "shop"}, "created"),
        ({"user": "5"}, "created"),
        ({"trace": f"{7:032x}"}, "monitoring_error_trace"),
        ({"task": "7"}, "monitoring_error_task"),
        ({"status": 7}, "monitoring_error_status"),
        ({"kept": "true", "since": LONG_AGO}, "monitoring_error_kept"),
    ],
)
def test_a_page_of_the_list(asked: dict[str, Any], index: str) -> None:
    found = narrowed(asked).order_by("-created", "-id")[:51].explain()
    assert index in found
    assert not reads_everything(found)


def queries(work: Any) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        work()
    asked = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
    return [sql for sql in asked if "ORDER BY 1 " not in sql]  # but the first and the last number


def test_one_error_its_sums_and_its_thinning(rows: ErrorLog) -> None:
    asked = queries(lambda: event.find(rows.error_id))
    asked += queries(lambda: summarise(1))
    asked += queries(lambda: thinning.thin(Config(errors_kept_per_group=5)))
    about = [sql for sql in asked if 'FROM "monitoring_errorlog"' in sql]
    assert len(about) >= 7
    assert [sql for sql in about if reads_everything(plan(sql))] == []

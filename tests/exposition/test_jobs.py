"""Workers, queues, findings and health are shown by the names that dashboards for Celery know, and by ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.conf import get_config
from monitoring.jobs import findings
from monitoring.jobs.queues.models import QueueState
from monitoring.jobs.schedule.models import ScheduleWatch
from monitoring.jobs.workers.models import Worker
from monitoring.stream import heartbeats
from tests.pipeline import client

from .conftest import Samples, series

pytestmark = pytest.mark.usefixtures("redis_client", "db")
Read = Callable[[], Samples]


def beat(node: str, kind: heartbeats.Kind = "worker", *, ago: float = 0.0, **state: Any) -> None:
    """A heartbeat, as long ago as that."""
    redis_client, prefix = client(), get_config().stream_prefix
    heartbeats.send(redis_client, prefix, kind, node, {"interval": 3.0, "busy": 0, **state})
    redis_client.zincrby(f"{prefix}:heartbeats", -1000 * ago, f"{kind}::{node}")


def queue(name: str, **values: Any) -> None:
    now = datetime.now(UTC)
    QueueState.objects.create(name=name, broker="redis", at=now, seen=now, moved=now, **{"depth": 0, **values})


def by_label(found: Samples, name: str) -> dict[str, float]:
    return {next(iter(labels))[1]: value for (title, labels), value in found.items() if title == name}


def test_workers_are_up_while_their_heartbeats_are_fresh(samples: Read) -> None:
    queue("fast")
    beat("celery@busy", busy=2)
    beat("celery@idle")
    beat("celery@dead", ago=10, busy=1)
    beat("celery@left", closing=True)
    beat("celery@left-long-ago", closing=True, ago=700)
    found = samples()
    up = {"celery@busy": 1, "celery@idle": 1, "celery@dead": 0, "celery@left": 0}
    assert by_label(found, "celery_worker_up") == up
    assert by_label(found, "enginel_worker_down") == {**dict.fromkeys(up, 0), "celery@dead": 1}
    assert by_label(found, "celery_worker_tasks_active") == {**dict.fromkeys(up, 0), "celery@busy": 2}
    assert series(found, "celery_workers_active") == 2


def test_without_workers_their_number_is_zero_and_an_alert_can_see_it(samples: Read) -> None:
    assert series(samples(), "celery_workers_active") == 0


def test_a_worker_that_hangs_shows(samples: Read) -> None:
    beat("celery@one")
    beat("celery@two")
    now = datetime.now(UTC)
    Worker.objects.create(node="celery@two", state=Worker.State.WEDGED, since=now, seen=now, progressed=now)
    assert by_label(samples(), "enginel_worker_wedged") == {"celery@one": 0, "celery@two": 1}


def test_queues_have_their_lengths_and_consumers(samples: Read) -> None:
    queue("fast", depth=7, workers=2, processes=5, unacked=3, oldest_age=12.5, consumers=4)
    queue("slow", depth=0, unacked=None, oldest_age=None, consumers=None)
    found = samples()
    assert by_label(found, "celery_queue_length") == {"fast": 7, "slow": 0}
    assert by_label(found, "celery_active_worker_count") == {"fast": 2, "slow": 0}
    assert by_label(found, "celery_active_process_count") == {"fast": 5, "slow": 0}
    assert by_label(found, "celery_active_consumer_count") == {"fast": 4}
    assert by_label(found, "enginel_queue_unacked") == {"fast": 3}
    assert by_label(found, "enginel_queue_oldest_age_seconds") == {"fast": 12.5}


@pytest.mark.parametrize(("ago", "tick", "up"), [(0.0, 0.1, 1), (0.0, 120.0, 0), (30.0, 0.1, 0)])
def test_beat_is_up_while_it_lives_and_ticks(ago: float, tick: float, up: int, samples: Read) -> None:
    queue("fast")
    beat("beat@one", "beat", ago=ago, last_tick=tick, uptime=300)
    assert series(samples(), "enginel_beat_up") == up


def test_without_a_beat_none_is_up(samples: Read) -> None:
    assert series(samples(), "enginel_beat_up") == 0


def test_findings_are_counted_for_good_and_those_that_are_open_now(samples: Read) -> None:
    queue("fast")
    findings.note("task_lost", "one", {})
    findings.note("task_lost", "two", {})
    findings.raise_finding("worker_down", "celery@one", {})
    findings.raise_finding("queue_stalled", "fast", {})
    findings.resolve("queue_stalled", "fast")
    ScheduleWatch.objects.create(missed=3)
    found = samples()
    assert series(found, "enginel_tasks_lost_total") == 2
    assert series(found, "enginel_findings_total", kind="task_lost") == 2
    assert series(found, "enginel_findings_total", kind="queue_stalled") == 1
    assert series(found, "enginel_findings_total", kind="beat_dead") == 0
    assert series(found, "enginel_findings_open", kind="worker_down") == 1
    assert series(found, "enginel_findings_open", kind="queue_stalled") == 0
    assert series(found, "enginel_scheduled_runs_missed_total") == 3


def test_every_component_has_a_status(samples: Read) -> None:
    found = by_label(samples(), "enginel_component_status")
    assert {"database", "redis", "celery", "beat"} <= found.keys()
    assert set(found.values()) <= {0.0, 0.5, 1.0}


def test_without_redis_what_is_counted_is_still_shown_and_what_nobody_knows_is_not(
    samples: Read, configure: Callable[..., None]
) -> None:
    queue("fast", depth=7)
    QueueState.objects.update(at=datetime.now(UTC) - timedelta(hours=1))
    configure(REDIS_URL="redis://127.0.0.1:1/0")
    found = samples()
    assert series(found, "http_requests_total") == 0
    for name in ("celery_workers_active", "celery_worker_up", "celery_queue_length", "enginel_beat_up"):
        assert by_name(found, name) == []


def by_name(found: Samples, name: str) -> list[float]:
    return [value for (title, _), value in found.items() if title == name]

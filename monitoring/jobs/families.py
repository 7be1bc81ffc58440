"""Workers, queues, the schedule and findings, as families of Prometheus' data model.

Gauges have celery-exporter's names and labels; what it does not know has ours. What nobody knows now, because Redis or
the broker is away, has no sample: an old value would look like a fine one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import redis
from django.db import router
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from monitoring.conf import Config
from monitoring.stream.heartbeats import Heartbeat

from . import sight
from .findings import KINDS, Finding, FindingTotal
from .queues import reader as queues
from .schedule import beats
from .schedule.models import ScheduleWatch
from .workers.models import Worker

_LEFT_SECONDS = 600
"""For so long a worker that said goodbye is shown as one that is not up; one that did not, as long as it is known."""


def families(config: Config) -> Iterator[Metric]:
    """Yield what is true of jobs now, and how often something was wrong with them."""
    try:
        seen: Sequence[Heartbeat] | None = sight.look(config).heartbeats
    except (redis.RedisError, OSError):
        seen = None
    yield from _workers(seen, config)
    yield from _queues(config)
    yield _gauge("enginel_beat_up", "Whether a beat lives and its loop ticks.", _beat(seen, config))
    yield from _findings()


def _gauge(name: str, documentation: str, value: float | None) -> Metric:
    return GaugeMetricFamily(name, documentation, value)


def _labelled(
    name: str, documentation: str, label: str, values: Iterable[tuple[str, float | None]]
) -> GaugeMetricFamily:
    """Return a gauge by one label; what is unknown is left out."""
    family = GaugeMetricFamily(name, documentation, labels=(label,))
    for value, number in values:
        if number is not None:
            family.add_metric((value,), number)
    return family


def _workers(seen: Sequence[Heartbeat] | None, config: Config) -> Iterator[Metric]:
    shown = [one for one in seen or () if one.kind == "worker" and (not _has_left(one) or one.age < _LEFT_SECONDS)]
    shown = sorted(shown, key=lambda one: one.age)[: config.metrics_series]
    shown.sort(key=lambda one: one.node)
    alive = sum(one.kind == "worker" and one.alive for one in seen or ())
    rows = Worker.objects.using(router.db_for_write(Worker))
    states = dict(rows.filter(state__in=[Worker.State.WEDGED, Worker.State.DOWN]).values_list("node", "state"))
    wedged = {node for node, state in states.items() if state == Worker.State.WEDGED}
    known = {one.node for one in seen or () if one.kind == "worker"}
    # Redis may have lost the heartbeats of the dead.
    silent = sorted(node for node, state in states.items() if state == Worker.State.DOWN and node not in known)
    yield _gauge("celery_workers_active", "Workers whose heartbeat is fresh.", None if seen is None else alive)
    yield _labelled(
        "celery_worker_up",
        "Whether the worker's heartbeat is fresh.",
        "hostname",
        [*((w.node, float(w.alive)) for w in shown), *((node, 0.0) for node in silent)],
    )
    yield _labelled(
        "celery_worker_tasks_active",
        "Tasks that the worker executes.",
        "hostname",
        ((w.node, _number(w.state.get("busy")) if w.alive else 0) for w in shown),
    )
    yield _labelled(
        "enginel_worker_down",
        "Whether the worker's heartbeat is old although it did not say goodbye.",
        "hostname",
        [*((w.node, float(not w.alive and not _has_left(w))) for w in shown), *((node, 1.0) for node in silent)],
    )
    yield _labelled(
        "enginel_worker_wedged",
        "Whether the worker lives, has work waiting, and finishes nothing.",
        "hostname",
        ((w.node, w.alive and w.node in wedged) for w in shown),
    )


def _has_left(heartbeat: Heartbeat) -> bool:
    return bool(heartbeat.state.get("closing"))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _queues(config: Config) -> Iterator[Metric]:
    latest = queues.latest()
    rows = [] if latest.stale else latest.states[: config.metrics_series]

    def gauge(name: str, documentation: str, of: str) -> Metric:
        values = ((row.name, getattr(row, of)) for row in rows)
        return _labelled(name, documentation, "queue_name", values)

    yield gauge("celery_queue_length", "Messages that wait in the queue, of all priorities.", "depth")
    yield gauge("celery_active_consumer_count", "Consumers of the queue, where the broker counts them.", "consumers")
    yield gauge("celery_active_worker_count", "Workers that consume the queue.", "workers")
    yield gauge("celery_active_process_count", "Processes and threads of workers that consume the queue.", "processes")
    yield gauge("enginel_queue_oldest_age_seconds", "Age of the oldest message that waits.", "oldest_age")
    yield gauge("enginel_queue_unacked", "Messages that workers hold and have not acknowledged.", "unacked")


def _beat(seen: Sequence[Heartbeat] | None, config: Config) -> float | None:
    return None if seen is None else any(one.works for one in beats.of(seen, config.beat_dead_seconds))


def _findings() -> Iterator[Metric]:
    using = router.db_for_write(Finding)
    totals = dict(FindingTotal.objects.using(using).values_list("kind", "count"))
    standing = Counter(Finding.objects.using(using).filter(closed=None).values_list("kind", flat=True))
    missed = ScheduleWatch.objects.using(using).values_list("missed", flat=True).first()
    found = CounterMetricFamily("enginel_findings", "Findings about jobs, by their kind.", labels=("kind",))
    open_now = GaugeMetricFamily("enginel_findings_open", "Findings about jobs that are open.", labels=("kind",))
    for kind in KINDS:
        found.add_metric((kind,), totals.get(kind, 0))
        open_now.add_metric((kind,), standing[kind])
    yield found
    yield open_now
    yield CounterMetricFamily(
        "enginel_tasks_lost", "Tasks that began, and ended with their worker.", totals.get("task_lost", 0)
    )
    yield CounterMetricFamily("enginel_scheduled_runs_missed", "Runs of the schedule that did not happen.", missed or 0)

"""Runs whose worker died: they have no end, and must not look as if they ran for ever."""

from __future__ import annotations

from collections.abc import Iterable

from monitoring.conf import Config
from monitoring.jobs.runs.models import LOST, RunningTask, TaskRun
from monitoring.jobs.sight import Sight

from .executions import STARTED
from .models import ScheduledRun

_MISSED_BEATS = 10


def find(running: Iterable[ScheduledRun], seen: Sight, config: Config) -> tuple[set[str], set[str]]:
    """Return the task ids of runs that are lost, and of those whose worker died but that may yet run again.

    What is lost is decided for all tasks alike (`runs.watch`). A task that is not recorded is not known there: its run
    is lost with its worker.
    """
    suspects = {run.task_id for run in running if run.state == STARTED and _is_gone(run, seen, config)}
    if not suspects:
        return set(), set()
    pending = set(RunningTask.objects.filter(task_id__in=suspects).values_list("task_id", flat=True))
    lost = set(TaskRun.objects.filter(task_id__in=suspects, state=LOST).values_list("task_id", flat=True))
    ignored = {run.task_id for run in running if run.task_id in suspects and run.task in config.ignored_tasks}
    return lost | (ignored - pending), suspects - lost


def _is_gone(run: ScheduledRun, seen: Sight, config: Config) -> bool:
    """Whether the worker that ran it is dead, or another process under the same name."""
    began = (run.started or run.published) / 1000
    heartbeat = seen.workers.get(run.worker)
    if heartbeat is None:
        return seen.at - began > _MISSED_BEATS * config.heartbeat_interval + seen.behind
    if not heartbeat.alive:
        return heartbeat.age > seen.behind
    restarted = heartbeat.state.get("started_at")
    return isinstance(restarted, int | float) and began < restarted

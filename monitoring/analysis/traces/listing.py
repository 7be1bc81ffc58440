"""Finds traces by what they have to do with, and sums each up, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import router
from django.db.models import Count, Max, Min, Q, QuerySet

from monitoring.conf import get_config
from monitoring.errors.log.models import ErrorLog
from monitoring.jobs.runs.filters import hides_internal
from monitoring.jobs.runs.models import LOST, RunningTask, TaskRun
from monitoring.performance.spans.models import TraceSpan

DEFAULT_WINDOW = timedelta(hours=24)
MOST = 100
_SEVERAL = 5
"""So many rows are looked at for one trace that is shown: most traces have more than one."""
_MOST_NAMED = 5_000
_FAILED = ("FAILURE", LOST, "REJECTED")
_NEVER, _EVER = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)

Seen = tuple[str, datetime]
"""A trace's id, and when something of it was."""


@dataclass
class Summary:
    """A trace in a list.

    Attributes:
        name: Of what it began with, as far as that is kept: a method and route, or a task.
        kind: `request`, `task`, or `error` where nothing but errors is kept.
        services: Whose requests, tasks and errors it has.
        spans: How many requests, operations and outgoing calls of it are kept.
        tasks: How many executions of tasks are kept.
        errors: How many errors happened in it.
        failed: Whether a request or task of it failed, or an error happened.
    """

    trace_id: str
    name: str = ""
    kind: str = "error"
    services: set[str] = field(default_factory=set)
    start: datetime = _NEVER
    end: datetime = _EVER
    spans: int = 0
    tasks: int = 0
    errors: int = 0
    failed: bool = False

    @property
    def duration(self) -> float:
        """Seconds from the first to the last that is kept."""
        return (self.end - self.start).total_seconds()

    def stretch(self, start: datetime | None, end: datetime | None) -> None:
        """Let it last from the one to the other at least."""
        for moment in (start, end):
            if moment is not None:
                self.start, self.end = min(self.start, moment), max(self.end, moment)


def find(asked: Mapping[str, Any], limit: int, now: datetime | None = None) -> tuple[list[Summary], bool]:
    """Return traces, the newest first, and whether there are more.

    Args:
        asked: Validated values of `TraceFilterSerializer`.
        limit: How many at most.
        now: The current time, for tests.
    """
    alias = router.db_for_read(TraceSpan)
    seen: list[Seen] = []
    full = False
    for found in _sources(asked, now or datetime.now(UTC)):
        read = [(trace, _moment(at)) for trace, at in found.using(alias)[: limit * _SEVERAL + 1]]
        full |= len(read) > limit * _SEVERAL
        seen += read
    known: dict[str, Summary] = {}
    for trace, moment in sorted(seen, key=lambda one: one[1], reverse=True):
        if trace:
            known.setdefault(trace, Summary(trace)).stretch(moment, moment)
    shown = dict(list(known.items())[:limit])
    if shown:
        _sum_up(shown, alias)
    return list(shown.values()), full or len(known) > limit


def _moment(at: datetime | int) -> datetime:
    """Return a time; what runs has it in milliseconds since the epoch."""
    return datetime.fromtimestamp(at / 1000, UTC) if isinstance(at, int) else at


def _sources(asked: Mapping[str, Any], now: datetime) -> Iterable[QuerySet[Any, Any]]:
    """Yield where traces are looked for: pairs of an id and a time, the newest first."""
    same = {name: asked[name] for name in ("request_id", "task_id", "name", "service") if name in asked}
    spans, runs = TraceSpan.objects.filter(**same), TaskRun.objects.filter(**same)
    errors: QuerySet[ErrorLog] = ErrorLog.objects.all()
    errors = errors.filter(~Q(trace_id="")).filter(**same)
    if "task_id" in asked:
        errors = errors.filter(~Q(task_id=""))  # its index holds only rows that have one
    if "error_id" in asked:
        errors = errors.filter(error_id=asked["error_id"])
    if "error_id" not in asked:
        if asked.get("errors") == "true":
            spans, runs = spans.filter(failed=True), runs.filter(state__in=_FAILED)
        if not same.keys() & {"request_id", "task_id", "name"}:
            spans = spans.filter(kind=TraceSpan.REQUEST)
        since, until = _window(asked, now)
        yield _pairs(_between(spans, "at", since, until), "at")
        runs = _without_own(runs, asked).filter(~Q(trace_id=""))
        yield _pairs(_between(runs, "ended", since, until), "ended")
        errors = _between(errors, "created", since, until)
    if "task_id" in asked:
        going = RunningTask.objects.filter(task_id=asked["task_id"]).order_by("-began")
        yield going.values_list("trace_id", "began")
    if asked.get("errors") == "true" or asked.keys() & {"error_id", "request_id", "task_id"}:
        yield _pairs(errors, "created")


def _without_own(runs: QuerySet[TaskRun], asked: Mapping[str, Any]) -> QuerySet[TaskRun]:
    """Leave out what went well of Enginel's own tasks, unless they are asked for."""
    own = Q()
    if "request_id" not in asked and hides_internal(asked):
        for beginning in get_config().internal_tasks:
            own |= Q(name__startswith=beginning)
    return runs.exclude(own, state="SUCCESS") if own else runs


def _window(asked: Mapping[str, Any], now: datetime) -> tuple[datetime | None, datetime | None]:
    since, until = asked.get("from"), asked.get("to")
    if since is None and "task_id" not in asked:
        since = (until or now) - DEFAULT_WINDOW
    return since, until


def _between(found: QuerySet[Any], column: str, since: datetime | None, until: datetime | None) -> QuerySet[Any]:
    """Narrow down to a time; PostgreSQL leaves partitions out by the minute."""
    partitioned = hasattr(found.model, "partition_minutes")
    if since is not None:
        found = found.filter(**{f"{column}__gte": since})
        found = found.filter(start__gte=int(since.timestamp() // 60)) if partitioned else found
    if until is not None:
        found = found.filter(**{f"{column}__lt": until})
        found = found.filter(start__lte=int(until.timestamp() // 60)) if partitioned else found
    return found


def _pairs(found: QuerySet[Any], column: str) -> QuerySet[Any, Any]:
    return found.order_by(f"-{column}").values_list("trace_id", column)


def _sum_up(known: Mapping[str, Summary], alias: str) -> None:
    """Say how much there is of traces, and what each began with."""
    spans = TraceSpan.objects.using(alias).filter(trace_id__in=list(known)).order_by()
    runs = TaskRun.objects.using(alias).filter(trace_id__in=list(known)).order_by()
    counted = spans.values("trace_id").annotate(n=Count("id"), bad=Count("id", Q(failed=True)), first=Min("at"))
    for row in counted:
        one = known[row["trace_id"]]
        one.spans, one.failed = row["n"], row["bad"] > 0
        one.stretch(row["first"], None)
    ended = runs.values("trace_id").annotate(
        n=Count("id"), bad=Count("id", Q(state__in=_FAILED)), first=Min("began"), last=Max("ended")
    )
    for row in ended:
        one = known[row["trace_id"]]
        one.tasks, one.failed = row["n"], one.failed or row["bad"] > 0
        one.stretch(row["first"], row["last"])
    errors = ErrorLog.objects.using(alias).filter(~Q(trace_id=""), trace_id__in=list(known)).order_by()
    named = errors.values("trace_id", "service", "name").annotate(n=Count("id"), a=Min("created"), b=Max("created"))
    for of in named.order_by("a")[:_MOST_NAMED]:
        one = known[of["trace_id"]]
        one.errors, one.failed, one.name = one.errors + of["n"], True, one.name or of["name"]
        one.services.add(of["service"])
        one.stretch(of["a"], of["b"])
    _name(known, spans, runs, RunningTask.objects.using(alias).filter(trace_id__in=list(known)))


def _name(
    known: Mapping[str, Summary],
    spans: QuerySet[TraceSpan],
    runs: QuerySet[TaskRun],
    running: QuerySet[RunningTask],
) -> None:
    """Say what traces began with: the first request, else the first task."""
    ran = runs.order_by("ended").values_list("trace_id", "name", "service", "origin")[:_MOST_NAMED]
    going = running.order_by("began").values_list("trace_id", "name", "service")[:_MOST_NAMED]
    for trace, name, service, origin in [*ran, *((*row, "") for row in going)]:
        one = known[trace]
        one.services.add(service)
        if one.kind == "error":
            one.kind, one.name = "task", origin or name
    asked = spans.filter(kind=TraceSpan.REQUEST).order_by("at")
    for trace, name, service, at, duration in asked.values_list("trace_id", "name", "service", "at", "duration")[
        :_MOST_NAMED
    ]:
        one = known[trace]
        one.services.add(service)
        one.stretch(at, at + timedelta(seconds=duration))
        if one.kind != "request":
            one.kind, one.name = "request", name
    for one in known.values():
        one.services.discard("")

"""Finds what an error came of: reads its trace and what was wrong at the time, each to a bounded extent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import router

from monitoring.errors.digest.portrait import culprit
from monitoring.errors.log.models import ErrorLog
from monitoring.jobs.runs import family
from monitoring.jobs.runs.tree import Node, build
from monitoring.performance.models import SlowSample

from . import chain, clues
from .dependencies import of_error
from .judging import Failure, judge
from .links import Causes, Link, LinkKind

MOST_LINKS = 200
_MOST_ERRORS, _MOST_SLOW, _MOST_QUERIES = 100, 50, 3
_MOST_TEXT = 300
_CLOCKS = timedelta(seconds=1)
"""By so much the clocks of hosts may differ: what failed later than that is no cause."""
_QUERY, _CRUMB = "query", 4


def of(error_id: UUID, alias: str | None = None) -> Causes | None:
    """Return what an error came of; None if there is none of this id.

    Args:
        error_id: What people are shown.
        alias: The database; the one for reading unless given.
    """
    alias = alias or router.db_for_read(ErrorLog)
    row = ErrorLog.objects.using(alias).select_related("group").filter(error_id=error_id).first()
    if row is None:
        return None
    errors = _errors(row, alias)
    nodes, more = _nodes(row)
    failures = [_failure(one) for one in errors if one.created <= row.created + _CLOCKS]
    told = next((one.dependency for one in failures if one.dependency), "")
    found = clues.read(row.created, row.service, told, alias)
    links = [*chain.of_nodes(nodes), *_of_errors(errors, nodes), *_slow(row, nodes, alias)]
    shown, cut = chain.ordered(links, MOST_LINKS)
    cause = judge(row.created, failures, found)
    return Causes(str(row.error_id), row.trace_id, row.created, cause, shown, found, cut or more)


def _errors(row: ErrorLog, alias: str) -> list[ErrorLog]:
    """Return the errors of the trace, the oldest first, with the one that is asked about."""
    if not row.trace_id:
        return [row]
    rows = ErrorLog.objects.using(alias).select_related("group").filter(trace_id=row.trace_id).exclude(pk=row.pk)
    return sorted([*rows.order_by("created", "id")[:_MOST_ERRORS], row], key=lambda one: (one.created, one.pk))


def _nodes(row: ErrorLog) -> tuple[list[Node], bool]:
    key, value = ("trace_id", row.trace_id) if row.trace_id else ("task_id", row.task_id)
    if not value:
        return [], False
    executions, more = family.executions(key, value)
    tree = build(executions, MOST_LINKS)
    return tree.nodes, tree.truncated or more


def _failure(row: ErrorLog) -> Failure:
    kind = row.exception_type or (row.group.exception_type if row.group else "")
    return Failure(
        row.created,
        row.error_type or kind.rpartition(".")[2] or str(row.status_code),
        row.name,
        of_error(row.context, row.chain, kind),
        culprit(row.chain) if row.chain else row.group.culprit if row.group else "",
    )


def _of_errors(errors: Sequence[ErrorLog], nodes: Sequence[Node]) -> Iterator[Link]:
    """Yield errors below what they happened in, with the request where no task was published by it."""
    known = {node.id for node in nodes}
    requests = {node.request_id: node.id for node in nodes if node.kind == "request"}
    for row in errors:
        parent = row.task_id if row.task_id in known else requests.get(row.request_id)
        if parent is None and row.method:
            parent = requests[row.request_id] = f"request:{row.request_id}"
            yield Link(parent, LinkKind.REQUEST, row.name, text=str(row.status_code or ""), failed=True)
        failure, this = _failure(row), str(row.error_id)
        yield Link(this, LinkKind.ERROR, failure.what, row.created, parent, True, row.exception_message[:_MOST_TEXT])
        if failure.dependency:
            yield Link(f"{this}:dependency", LinkKind.DEPENDENCY, failure.dependency, row.created, this, True)
        for place, (source, text) in enumerate(_queries(row.crumbs)):
            yield Link(f"{this}:query:{place}", LinkKind.QUERY, source, None, this, text=text)


def _queries(crumbs: Any) -> Iterable[tuple[str, str]]:
    """Return the last statements before an error, by the alias of their database."""
    rows = [crumb for crumb in crumbs if isinstance(crumb, list) and len(crumb) == _CRUMB and crumb[1] == _QUERY]
    return [(str(source), str(text)[:_MOST_TEXT]) for _, _, source, text in rows[-_MOST_QUERIES:]]


def _slow(row: ErrorLog, nodes: Sequence[Node], alias: str) -> list[Link]:
    if not row.trace_id:
        return []
    known = {node.id for node in nodes}
    rows = SlowSample.objects.using(alias).filter(trace_id=row.trace_id).order_by("at", "pk")
    return [
        Link(
            f"slow:{one.pk}",
            LinkKind.SLOW,
            one.name,
            one.at,
            _task_of(one, known),
            text=f"{one.kind}, {one.duration:.3f} s",
        )
        for one in rows[:_MOST_SLOW]
    ]


def _task_of(sample: SlowSample, known: set[str]) -> str | None:
    context = sample.context if isinstance(sample.context, dict) else {}
    task_id = str(context.get("task_id", ""))
    return task_id if task_id in known else None

"""Fold requests and task events by their labels: what Prometheus shows as labelled counters and histograms."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from monitoring.recording.events import UNKNOWN_DURATION, TaskState
from monitoring.storage.folding import Columns, Scope, Write

from . import label_rows, labels
from .classic import Array, Growth, fold
from .numbering import Numbering

_ENDED = {
    TaskState.SUCCESS: labels.SUCCEEDED,
    TaskState.FAILURE: labels.FAILED,
    TaskState.RETRY: labels.RETRIED,
    TaskState.REVOKED: labels.REVOKED,
    TaskState.REJECTED: labels.REJECTED,
}
_EXECUTED = (TaskState.SUCCESS, TaskState.FAILURE, TaskState.RETRY)
_MAX_STATUS = 999
Grown = dict[str, Growth]
"""How much each family grew."""


def consume(measures: Mapping[str, Columns], scope: Scope) -> list[Write]:
    """Fold everything that is shown by labels; all of it is written at once."""
    grown: Grown = {}
    numbering = Numbering(scope)
    if columns := measures.get("request"):
        grown |= _requests(columns, numbering)
    for family in (labels.SENT, labels.RECEIVED):
        if columns := measures.get(family):
            grown[family] = fold(_task_labels(columns, numbering))
    began = []
    if columns := measures.get("started"):
        began.append(_task_labels(columns, numbering))
    if columns := measures.get("task"):
        keys = _task_labels(columns, numbering)
        grown |= _ended(columns, keys, numbering)
        untold = columns.values["id"] == ""  # of a short execution only its end tells
        began.append([part[untold] for part in keys])
    if began:
        grown[labels.STARTED] = fold([np.concatenate(parts) for parts in zip(*began, strict=True)])
    return label_rows.add(grown, numbering, scope)


def _requests(columns: Columns, numbering: Numbering) -> Grown:
    timed = columns.values["duration"] != UNKNOWN_DURATION
    name, duration = columns.name[timed], columns.values["duration"][timed]
    status = np.minimum(columns.values["status"][timed], _MAX_STATUS)
    title = numbering.of(labels.ROUTE, columns, name)
    is_api = np.array([bool(labels.endpoint(title.partition(" ")[2])) for _, title in columns.names])[name]
    return {
        labels.REQUEST: fold([title, status], duration, labels.HTTP_SECONDS),
        labels.API: fold([np.zeros(int(is_api.sum()), np.int64)], duration[is_api], labels.HTTP_SECONDS),
    }


def _ended(columns: Columns, keys: list[Array], numbering: Numbering) -> Grown:
    grown: Grown = {}
    state, duration, wait = (columns.values[title] for title in ("state", "duration", "wait"))
    for code, family in _ENDED.items():
        mine = state == code
        by = [part[mine] for part in keys]
        if code is TaskState.FAILURE:
            by.append(numbering.of(labels.EXCEPTION, columns, columns.values["exception"][mine]))
        grown[family] = fold(by)
    timed = (state == TaskState.SUCCESS) & (duration != UNKNOWN_DURATION)
    waited = np.isin(state, _EXECUTED) & (wait != UNKNOWN_DURATION)
    for family, mine, seconds in ((labels.RUNTIME, timed, duration), (labels.QUEUE_WAIT, waited, wait)):
        grown[family] = fold([part[mine] for part in keys], seconds[mine], labels.TASK_SECONDS)
    return grown


def _task_labels(columns: Columns, numbering: Numbering) -> list[Array]:
    """Return task, node and queue of events, as numbers of names."""
    worker, queue = columns.values["worker"], columns.values["queue"]
    values = {labels.TASK: columns.name, labels.WORKER: worker, labels.QUEUE: queue}
    return [numbering.of(kind, columns, positions) for kind, positions in values.items()]

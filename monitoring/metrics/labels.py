"""Which labelled metrics there are, and what their labels mean: the one list, for folding and for showing them.

No NumPy here: web processes import this.
"""

from __future__ import annotations

COUNTER, GAUGE = "metric", "gauge"
"""Kinds of the names of counters and gauges."""

HTTP_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Bounds of request durations, those of OpenTelemetry's semantic conventions."""
TASK_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
"""Bounds of task durations. Bounds never change under a name: counts by the old ones would mean something else."""

REQUEST = "http"
"""Requests by (`METHOD route`, status)."""
API = "api"
"""Requests to the API, without labels."""

SENT, RECEIVED, STARTED = "sent", "received", "started"
SUCCEEDED, FAILED, RETRIED, REVOKED, REJECTED = "succeeded", "failed", "retried", "revoked", "rejected"
TASK_COUNTERS = (SENT, RECEIVED, STARTED, SUCCEEDED, FAILED, RETRIED, REVOKED, REJECTED)
"""Events of tasks by (task, node, queue); failed ones also by exception."""
RUNTIME, QUEUE_WAIT = "runtime", "queue_wait"
TASK_FAMILIES = (*TASK_COUNTERS, RUNTIME, QUEUE_WAIT)

BOUNDS = {REQUEST: HTTP_SECONDS, API: HTTP_SECONDS, RUNTIME: TASK_SECONDS, QUEUE_WAIT: TASK_SECONDS}
"""Upper bounds of the buckets, in seconds, of those that have durations."""

TASK_PREFIX, ENDPOINT_PREFIX = "celery_task_", "endpoint_"
"""How the names of the counters of tasks and of endpoints begin."""
TASKS_TOTAL = "celery_task_total"
"""Counts executions of all tasks; `celery_task_SUCCESS` and its like count those that ended so."""
_TASK_ENDS = ("SUCCESS", "FAILED", "RETRY", "REVOKED", "IGNORED", "REJECTED", "total")
_MAX_NAME = 180

ROUTE, TASK, WORKER, QUEUE, EXCEPTION = "request", "task", "label_worker", "label_queue", "label_exception"
"""Kinds of the names that labels are."""


def task_counter(task: str) -> str:
    """Return the name of the counter of a task's executions; one called `total` must not count as all of them."""
    return f"{TASK_PREFIX}{task}_" if task in _TASK_ENDS else f"{TASK_PREFIX}{task}"[:_MAX_NAME]


def endpoint_counter(endpoint: str) -> str:
    """Return the name of the counter of an endpoint's requests."""
    return f"{ENDPOINT_PREFIX}{endpoint}"


def endpoint(route: str) -> str:
    """Return the part of an API route that names what it is about: `designs` of `api/designs/<uuid:pk>/`."""
    parts = route.strip("^/").split("/")
    return parts[1][:100] if len(parts) > 1 and parts[0] == "api" and parts[1][:1].isalpha() else ""

"""What dashboards and alerts made for celery-exporter ask for.

From the project danihodovic/celery-exporter, `celery-mixin/`: the metrics, labels and aggregations of every query of
its dashboards (`celery-tasks-overview`, `celery-tasks-by-task`), of their variables, and of its alerts. Variables of
Grafana are filled in as if "All" was chosen; the job is that of `deploy/prometheus/prometheus.yml`.
"""

from __future__ import annotations

_JOB = 'job="celery"'
_CHOSEN = 'job="celery", queue_name=~".*"'
_TASK = 'name=~".*", job=~"celery|celery-exporter"'
_ALERTS = 'job=~".*celery.*", queue_name!~"None", name!~"None"'
_EVENTS = ("sent", "received", "succeeded", "failed", "rejected", "retried", "revoked")
_QUANTILES = ("0.50", "0.95", "0.99", "0.999")


def _increase(event: str, labels: str, span: str) -> str:
    return f"round(increase(celery_task_{event}_total{{{labels}}}[{span}]))"


def _success(labels: str, span: str, by: str) -> str:
    succeeded, failed = (f"sum({_increase(event, labels, span)}) by ({by})" for event in ("succeeded", "failed"))
    return f"{succeeded} / ({succeeded} + {failed}) > -1"


def _runtime(by: str) -> str:
    total, count = (f"sum(rate(celery_task_runtime_{part}{{{_CHOSEN}}}[1w])) by ({by})" for part in ("sum", "count"))
    return f"{total} / {count} > 0"


def _ended(event: str, by: str, function: str = "increase") -> str:
    return f"sum({function}(celery_task_{event}_total{{{_ALERTS}}}[10m])) by (job, namespace, {by})"


_FAILED = _ended("failed", "queue_name, name")

OVERVIEW = (
    f"count(celery_worker_up{{{_JOB}}} == 1)",
    f"sum(celery_worker_tasks_active{{{_JOB}}})",
    f"sum({_increase('received', _CHOSEN, '1w')})",
    _success(_CHOSEN, "1w", ""),
    _runtime(""),
    _runtime("name"),
    f"round(sum(increase(celery_task_failed_total{{{_CHOSEN}}}[1w]) > 0) by (job, name))",
    f"round(sum(increase(celery_task_failed_total{{{_CHOSEN}}}[1w])) by (job, exception) > 0)",
    f"sum(celery_queue_length{{{_CHOSEN}}}) by (job, queue_name)",
    _success(_CHOSEN, "1h", "job"),
    *(f"sum({_increase(event, _CHOSEN, '1h')}) by (job) > 0" for event in _EVENTS),
    *(f"sum({_increase(event, _CHOSEN, '1m')})" for event in _EVENTS),
    *(
        f"histogram_quantile({quantile}, sum(irate(celery_task_runtime_bucket{{{_CHOSEN}}}[1m]) > 0) by (job, le))"
        for quantile in _QUANTILES
    ),
)
BY_TASK = (
    f"round(sum(increase(celery_task_failed_total{{{_TASK}}}[1h])) by (name, exception) > 0)",
    _success(_TASK, "1h", "name"),
    *(f"sum({_increase(event, _TASK, '1h')}) by (name) > 0" for event in _EVENTS),
    *(f"sum({_increase(event, _TASK, '1m')}) by (name)" for event in _EVENTS),
    *(
        f"histogram_quantile({quantile}, sum(irate(celery_task_runtime_bucket{{{_TASK}}}[1m]) > 0) by (name, job, le))"
        for quantile in _QUANTILES
    ),
)
ALERTS = (
    f"{_FAILED} / ({_FAILED} + {_ended('succeeded', 'queue_name, name')}) * 100 > 5",
    f"{_ended('failed', 'name')} / {_ended('succeeded', 'name', 'rate')} * 100 > 5",
    'increase(celery_task_failed_total{job=~"celery|celery-exporter"}[10m]) > 1',
    'sum(celery_queue_length{job=~".*celery.*", queue_name!~"None"}) by (job, namespace, queue_name) > 100',
    'celery_worker_up{job=~".*celery.*"} == 0',
)
EXPRESSIONS = OVERVIEW + BY_TASK + ALERTS

VARIABLES = (
    ("job", "celery_worker_up"),
    ("queue_name", 'celery_task_received_total{job="celery", name!~"None"}'),
    ("name", 'celery_task_sent_total{name!~"None"}'),
    ("name", 'celery_task_received_total{job="celery", queue_name=~".*"}'),
)

DO_NOT_APPLY = {
    "label_values(celery_worker_up, namespace)": "added by Prometheus where it discovers pods",
    "celery_task_suceeded_total": "misspelt in an early release of the alerts; celery-exporter itself never had it",
}

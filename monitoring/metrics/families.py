"""Counters, gauges and durations as families of Prometheus' data model.

Names are those that are documented, those of OpenTelemetry's conventions for HTTP, and celery-exporter's, so that
dashboards and rules people have go on working. Families are shown when they are empty, too: their names stay taken, and
a ratio has both of its sides before the first error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString

from monitoring.conf import Config

from . import labels, totals
from .naming import sanitised, simple
from .totals import Amount

ALWAYS = {
    "http_requests_total": "Requests that were answered.",
    "http_status_500": "Requests that were answered with status 500.",
    "api_requests_total": "Requests to the API that were answered.",
    "celery_task_total": "Executions of Celery tasks that ended, in any way.",
    "celery_task_SUCCESS": "Executions of Celery tasks that succeeded.",
    "celery_task_FAILED": "Executions of Celery tasks that failed.",
}
"""Counters that are shown before they have counted anything."""
_TASK_LABELS = ("name", "hostname", "queue_name")
_TASK_COUNTERS = {
    labels.SENT: "Task messages that were published.",
    labels.RECEIVED: "Tasks that a worker received.",
    labels.STARTED: "Tasks that a worker began to execute.",
    labels.SUCCEEDED: "Executions that succeeded.",
    labels.FAILED: "Executions that failed.",
    labels.RETRIED: "Executions that failed and are tried again.",
    labels.REVOKED: "Tasks that were revoked or expired.",
    labels.REJECTED: "Tasks that a worker rejected.",
}
_OTHER_METHOD = "_OTHER"
_GO: dict[float, str] = {
    bound: floatToGoString(bound)  # type: ignore[no-untyped-call]
    for bound in (*labels.HTTP_SECONDS, *labels.TASK_SECONDS, float("inf"))
}
"""How bounds are written."""
_NOTHING = Amount(0, 0.0, (0,) * (len(labels.HTTP_SECONDS) + 1))


def families(config: Config) -> Iterator[Metric]:
    """Yield the families whose names are fixed."""
    found = totals.label_sets()
    yield _requests(found.get(labels.REQUEST, {}))
    api = HistogramMetricFamily("api_request_duration", "Durations of requests to the API, in seconds.", labels=())
    _observe(api, (), found.get(labels.API, {}).get(("", "", "", ""), _NOTHING), labels.HTTP_SECONDS)
    yield api
    yield from _tasks(found)
    counted = totals.counters(labels.COUNTER, config.metrics_series, ALWAYS)
    for name, documentation in ALWAYS.items():
        yield simple(name, "counter", counted.get(name, 0.0), documentation)


def chosen(config: Config, without: Collection[str] = ()) -> Iterator[Metric]:
    """Yield the counters and gauges whose names come from applications, their routes and their tasks.

    Args:
        config: This installation's settings.
        without: Counters that are shown under another name already.
    """
    summed: dict[str, float] = {}
    for name, value in totals.counters(labels.COUNTER, config.metrics_series).items():
        if name not in ALWAYS and name not in without:
            summed[sanitised(name)] = summed.get(sanitised(name), 0.0) + value
    for name, value in summed.items():
        yield simple(name, "counter", value, "A counter, since ever.")
    latest = {sanitised(name): value for name, value in totals.gauges(labels.GAUGE, config.metrics_series).items()}
    for name, value in latest.items():
        yield simple(name, "gauge", value, "A gauge, of the last five minutes.")


def _requests(found: Mapping[tuple[str, ...], Amount]) -> Metric:
    names = ("http_request_method", "http_route", "http_response_status_code")
    family = HistogramMetricFamily(
        "http_server_request_duration_seconds", "Durations of requests, to the last byte of the answer.", labels=names
    )
    merged: dict[tuple[str, ...], list[Amount]] = {}
    for (title, status, *_), amount in found.items():
        method, space, route = title.partition(" ")
        # Names beyond the limit are one, which has no method.
        values: tuple[str, ...] = (method, route, status) if space else (_OTHER_METHOD, title, status)
        merged.setdefault(values, []).append(amount)
    for key, amounts in sorted(merged.items()):
        _observe(family, key, _sum(amounts), labels.HTTP_SECONDS)
    return family


def _sum(amounts: Sequence[Amount]) -> Amount:
    buckets = zip(*(amount.buckets for amount in amounts), strict=True)
    return Amount(sum(a.count for a in amounts), sum(a.seconds for a in amounts), tuple(map(sum, buckets)))


def _tasks(found: totals.LabelSets) -> Iterator[Metric]:
    """Yield what celery-exporter yields; what a task, worker and queue never did is shown as never done."""
    seen = {key[:3] for family in labels.TASK_FAMILIES if family != labels.SENT for key in found.get(family, {})}
    for event, documentation in _TASK_COUNTERS.items():
        names = (*_TASK_LABELS, "exception") if event == labels.FAILED else _TASK_LABELS
        family = CounterMetricFamily(f"celery_task_{event}", documentation, labels=names)
        counts = {key[: len(names)]: amount.count for key, amount in found.get(event, {}).items()}
        zeros = {(*key, "")[: len(names)]: 0 for key in seen}
        for values, count in sorted((zeros | counts).items()):
            family.add_metric(values, count)
        yield family
    runtime = HistogramMetricFamily(
        "celery_task_runtime", "Seconds that executions took which succeeded.", labels=_TASK_LABELS
    )
    waited = HistogramMetricFamily(
        "celery_task_queue_wait_time", "Seconds between when a task was due and when it started.", labels=_TASK_LABELS
    )
    for event, histogram in ((labels.RUNTIME, runtime), (labels.QUEUE_WAIT, waited)):
        for key, amount in sorted(found.get(event, {}).items(), key=lambda item: item[0]):
            _observe(histogram, key[:3], amount, labels.TASK_SECONDS)
        yield histogram


def _observe(family: HistogramMetricFamily, values: Sequence[str], amount: Amount, bounds: Sequence[float]) -> None:
    """Add a label set to a histogram, whose buckets count everything up to their bound."""
    below, buckets = 0, []
    for bound, count in zip((*bounds, float("inf")), amount.buckets, strict=True):
        below += count
        buckets.append((_GO[bound], float(below)))
    family.add_metric(values, buckets, amount.seconds)

"""Errors, their groups and bugs, as families of Prometheus' data model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.db import router
from django.db.models import Count
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from monitoring.classification import ErrorSeverity
from monitoring.conf import Config

from .bugs.models import BugStatus, KnownBug
from .groups.models import ErrorGroup, GroupStatus
from .log import totals as log_totals
from .tally import totals

_COUNTERS = {
    totals.ERROR: ("enginel_errors", "Errors that were captured."),
    totals.GROUP: ("enginel_error_groups_new", "Groups of errors that were new."),
    totals.REGRESSION: ("enginel_error_regressions", "Times that errors came back which were called resolved."),
}


def families(config: Config) -> Iterator[Metric]:
    """Yield what happened since ever, how it stands with groups and bugs, and what the log gave up."""
    yield from _counters(totals.read(), config.service)
    yield _by_status("enginel_error_groups", "Groups of errors, with what is merged into each.", _groups(), GroupStatus)
    yield _by_status("enginel_bugs", "Known bugs.", _bugs(), BugStatus)
    given_up = CounterMetricFamily(
        "enginel_errors_given_up",
        "What the error log gave up before its time: payloads of errors, and whole rows.",
        labels=("what",),
    )
    for name, value in sorted(log_totals.read().items()):
        given_up.add_metric((name,), value)
    yield given_up


def _counters(counted: Mapping[totals.Key, int], own: str) -> Iterator[Metric]:
    """Yield every severity of a service from the first on, so that an increase from zero is one."""
    services = {own, *(service for _, service, _ in counted)}
    zeros = {(service, severity.value): 0 for service in services for severity in ErrorSeverity}
    for what, (name, documentation) in _COUNTERS.items():
        family = CounterMetricFamily(name, documentation, labels=("service", "severity"))
        mine = {(service, severity): count for (one, service, severity), count in counted.items() if one == what}
        for values, count in sorted((zeros | mine).items()):
            family.add_metric(values, count)
        yield family


def _groups() -> dict[str, int]:
    """Return roots by status: all groups less the members, since an index counts each of these."""
    rows = ErrorGroup.objects.using(router.db_for_write(ErrorGroup)).order_by()
    every, members = (
        dict(found.values_list("status").annotate(groups=Count("pk")))
        for found in (rows, rows.filter(merged_into__isnull=False))
    )
    return {status: count - members.get(status, 0) for status, count in every.items()}


def _bugs() -> dict[str, int]:
    rows = KnownBug.objects.using(router.db_for_write(KnownBug)).order_by()
    return dict(rows.values_list("status").annotate(bugs=Count("pk")))


def _by_status(
    name: str, documentation: str, counts: Mapping[str, int], statuses: type[GroupStatus | BugStatus]
) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=("status",))
    for status in statuses:
        family.add_metric((status.value,), counts.get(status.value, 0))
    return family

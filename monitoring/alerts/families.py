"""Incidents and the evaluation of alert rules, as families of Prometheus' data model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import router
from django.db.models import Count, Q
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from monitoring.classification import ErrorSeverity
from monitoring.conf import Config

from . import watchdog
from .incidents.models import Evaluation, Incident, RuleTrouble, TransitionTotal
from .incidents.states import IncidentState, TransitionKind
from .silences.models import Silence

_OPEN = tuple(state for state in IncidentState if state is not IncidentState.RESOLVED)


def families(config: Config) -> Iterator[Metric]:
    """Yield how it stands with incidents, and how the evaluation goes."""
    now = datetime.now(UTC)
    yield _incidents()
    yield _transitions()
    yield from _evaluation(config, now)
    yield _failures(config)
    rows = Silence.objects.using(router.db_for_write(Silence)).filter(starts__lte=now, ends__gt=now)
    yield GaugeMetricFamily("enginel_silences_active", "Silences that are for now.", value=rows.count())


def _incidents() -> Metric:
    family = GaugeMetricFamily("enginel_incidents", "Incidents that are not over.", labels=("state", "severity"))
    rows = Incident.objects.using(router.db_for_write(Incident)).order_by()
    rows = rows.filter(~Q(state=IncidentState.RESOLVED.value))
    counted = {
        (state, severity): count
        for state, severity, count in rows.values_list("state", "severity").annotate(number=Count("pk"))
    }
    for state in _OPEN:
        for severity in ErrorSeverity:
            family.add_metric((state.value, severity.value), counted.get((state.value, severity.value), 0))
    return family


def _transitions() -> Metric:
    family = CounterMetricFamily("enginel_incident_transitions", "Entries of histories of incidents.", labels=("kind",))
    rows = TransitionTotal.objects.using(router.db_for_write(TransitionTotal))
    counted = dict(rows.values_list("kind", "count"))
    for kind in TransitionKind:
        family.add_metric((kind.value,), counted.get(kind.value, 0))
    return family


def _evaluation(config: Config, now: datetime) -> Iterator[Metric]:
    row = Evaluation.objects.using(router.db_for_write(Evaluation)).filter(pk=1).first() or Evaluation()
    if row.completed is not None:
        yield GaugeMetricFamily(
            "enginel_alert_evaluation_lag_seconds",
            "For how long an evaluation of the alert rules has been due that is not completed.",
            value=watchdog.lag_of(row.completed, config, now),
        )
    yield GaugeMetricFamily(
        "enginel_alert_evaluation_seconds", "How long the last evaluation of the alert rules took.", value=row.seconds
    )
    yield GaugeMetricFamily("enginel_alert_rules", "Alert rules that are evaluated.", value=row.rules)
    yield GaugeMetricFamily("enginel_alert_rules_failing", "Alert rules that cannot be evaluated.", value=row.failing)
    yield GaugeMetricFamily(
        "enginel_watchdog",
        "Always 1 while alert rules are evaluated and messages go out.",
        value=float(not watchdog.trouble(config, now)),
    )


def _failures(config: Config) -> Metric:
    family = CounterMetricFamily(
        "enginel_alert_rule_failures", "Evaluations of an alert rule that failed.", labels=("rule",)
    )
    rows = RuleTrouble.objects.using(router.db_for_write(RuleTrouble)).order_by("rule_name")
    for name, failures in rows.values_list("rule_name", "failures")[: config.metrics_series]:
        family.add_metric((name,), failures)
    return family

"""What recovery did since ever, and what it is at now, as families of Prometheus' data model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db import router
from django.db.models import Count
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily

from monitoring.conf import Config

from . import switch
from .models import Recovery, RecoveryAction, RecoveryTotal
from .states import OPEN, STANDING, ActionState, Outcome
from .strategies import registry

OUTCOMES = (
    ActionState.PROPOSED,
    ActionState.EXECUTED,
    ActionState.FAILED,
    ActionState.REFUSED,
    ActionState.ROLLED_BACK,
    ActionState.ROLL_BACK_FAILED,
    ActionState.LAPSED,
    ActionState.ENDED,
)
"""What is counted of an action; one may be counted as several."""
PHASES = ("analysed", "executed")


def families(config: Config) -> Iterator[Metric]:
    """Yield what became of recoveries and actions since ever, from zero on, and what is under way.

    Args:
        config: Has whether recovery is on at all.
    """
    alias = router.db_for_write(Recovery)
    counted: Counter[tuple[str, str, str]] = Counter()
    for what, label, value, count in RecoveryTotal.objects.using(alias).values_list("what", "label", "value", "count"):
        counted[what, label, value] = count
    strategies = {*registry.STRATEGIES, *(label for what, label, _ in counted if what in ("action", "recovery"))}
    arms = sorted(strategies - {"none"})
    yield _by_strategy(counted, arms)
    yield _settled(counted, arms)
    yield _latency(counted)
    off = config.recovery == "off" or switch.is_off(alias)
    yield GaugeMetricFamily("enginel_recovery_enabled", "Whether anything is recovered at all.", not off)
    states = Recovery.objects.using(alias).filter(state__in=OPEN).order_by().values_list("state")
    under_way = dict(states.annotate(Count("pk")))
    gauge = GaugeMetricFamily("enginel_recoveries_open", "Recoveries that are not over.", labels=("state",))
    for state in OPEN:
        gauge.add_metric((state.value,), under_way.get(state.value, 0))
    yield gauge
    standing = RecoveryAction.objects.using(alias).filter(state__in=STANDING).count()
    yield GaugeMetricFamily("enginel_recovery_actions_standing", "Actions that are in effect.", standing)


def _by_strategy(counted: Counter[tuple[str, str, str]], strategies: list[str]) -> Metric:
    family = CounterMetricFamily(
        "enginel_recovery_actions", "Actions, by what became of them.", labels=("strategy", "outcome")
    )
    for strategy in strategies:
        for outcome in OUTCOMES:
            family.add_metric((strategy, outcome.value), counted["action", strategy, outcome.value])
    return family


def _settled(counted: Counter[tuple[str, str, str]], strategies: list[str]) -> Metric:
    family = CounterMetricFamily(
        "enginel_recoveries",
        "Recoveries that are over, by the strategy that took effect and what became of the signal.",
        labels=("strategy", "outcome"),
    )
    for strategy in (*strategies, "none"):
        for outcome in Outcome:
            family.add_metric((strategy, outcome.value), counted["recovery", strategy, outcome.value])
    return family


def _latency(counted: Counter[tuple[str, str, str]]) -> Metric:
    family = SummaryMetricFamily(
        "enginel_recovery_latency_seconds",
        "Time from the request of a recovery until it was decided about, and until an action took effect.",
        labels=("phase",),
    )
    for phase in PHASES:
        seconds = counted["latency", phase, "milliseconds"] / 1000
        family.add_metric((phase,), counted["latency", phase, "count"], seconds)
    return family

"""Anomalies and forecasts, as families of Prometheus' data model."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import router
from django.db.models import Avg, Count
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from monitoring.conf import Config

from .anomalies.kinds import Measure, State
from .anomalies.models import Anomaly
from .forecasts.models import Forecast


def families(_config: Config) -> Iterator[Metric]:
    """Yield what is unusual now, and how good forecasts are."""
    yield _anomalies()
    yield from _forecasts()


def _anomalies() -> Metric:
    family = GaugeMetricFamily("enginel_anomalies_open", "What is unusual now.", labels=("measure",))
    rows = Anomaly.objects.using(router.db_for_write(Anomaly)).filter(state=State.OPEN).order_by()
    counted = dict(rows.values_list("measure").annotate(Count("pk")))
    for measure in Measure:
        family.add_metric((measure.value,), counted.get(measure.value, 0))
    return family


def _forecasts() -> Iterator[Metric]:
    numbers = GaugeMetricFamily(
        "enginel_forecasts", "Operations that are forecast, by whether that beats their base rate.", labels=("useful",)
    )
    scores = GaugeMetricFamily(
        "enginel_forecast_brier_score",
        "Mean square error of the forecasts, and had always the base rate been forecast; the mean of all operations.",
        labels=("of",),
    )
    rows = Forecast.objects.using(router.db_for_write(Forecast)).order_by()
    counted = dict(rows.values_list("useful").annotate(Count("pk")))
    for useful in (True, False):
        numbers.add_metric((str(useful).lower(),), counted.get(useful, 0))
    mean = rows.filter(windows__gt=0).aggregate(forecast=Avg("squares"), base_rate=Avg("base_squares"))
    for of, score in mean.items():
        if score is not None:
            scores.add_metric((of,), score)
    yield numbers
    yield scores

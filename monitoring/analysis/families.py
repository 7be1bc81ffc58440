"""Anomalies and forecasts, as families of Prometheus' data model."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import router
from django.db.models import Count, Q, Sum
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
    sums = rows.values_list("useful").annotate(
        series=Count("pk"),
        scored=Count("pk", filter=Q(windows__gt=0)),
        forecast=Sum("squares"),
        base_rate=Sum("base_squares"),
    )
    counted = {useful: rest for useful, *rest in sums}
    for useful in (True, False):
        numbers.add_metric((str(useful).lower(),), counted.get(useful, [0])[0])
    scored = sum(one[1] for one in counted.values())
    if scored:
        scores.add_metric(("forecast",), sum(one[2] for one in counted.values()) / scored)
        scores.add_metric(("base_rate",), sum(one[3] for one in counted.values()) / scored)
    yield numbers
    yield scores

"""Forecasts are rows that score themselves, and only good ones are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.analysis import ErrorPredictor
from monitoring.analysis.forecasts.forecasting import forecast
from monitoring.analysis.forecasts.models import Forecast
from monitoring.conf import Config
from monitoring.errors.models import ErrorLog
from monitoring.performance.models import DayRollup, HourRollup, MinuteRollup
from monitoring.storage import partitions
from tests.analysis.anomalies.stage import name_id, values

pytestmark = pytest.mark.django_db
CURRENT = int(datetime.now(UTC).timestamp() // 60) // 15
NOW = datetime.fromtimestamp((CURRENT * 15 + 7) * 60, UTC)
"""In the middle of the window that is running."""
TASK = {"kind": "task", "name": "shop.export"}


@pytest.fixture(autouse=True)
def running_window() -> Iterator[None]:
    """Keep the clock in that window, however long the other tests take."""
    with time_machine.travel(NOW):
        yield


def windows(pk: int, had: list[bool], end: int = CURRENT) -> None:
    """Write windows of which the last one is over now."""
    starts = [(end - len(had) + place) * 15 + 3 for place in range(len(had))]
    partitions.ensure(connection, MinuteRollup, starts)
    MinuteRollup.objects.bulk_create(
        MinuteRollup(name_id=pk, start=start, shard=0, **values(10, int(one), 0.1))
        for start, one in zip(starts, had, strict=True)
    )


def in_clusters(number: int) -> list[bool]:
    return [place % 24 >= 18 for place in range(number)]


def test_the_last_two_days_are_learned_from_at_once() -> None:
    windows(name_id(**TASK), in_clusters(188 - 188 % 24 - 2))
    assert forecast(Config(), NOW) == 1
    row = Forecast.objects.get()
    assert (row.of, row.service, row.name, row.window) == ("task", "shop", "shop.export", CURRENT * 15)
    assert row.useful
    assert row.squares < row.base_squares
    assert row.base + 0.2 < row.probability
    assert row.situation.startswith("errors in all of the last four windows; ")


def test_a_window_is_scored_once_when_it_is_over() -> None:
    pk = name_id(**TASK)
    windows(pk, in_clusters(96))
    forecast(Config(), NOW)
    before = Forecast.objects.get()
    assert forecast(Config(), NOW + timedelta(minutes=1)) == 0
    windows(pk, [True], CURRENT + 1)
    assert forecast(Config(), NOW + timedelta(minutes=15)) == 1
    after = Forecast.objects.get()
    assert after.window == before.window + 15
    assert after.windows == pytest.approx(before.windows * 0.999 + 1)


def test_the_season_is_part_of_the_situation() -> None:
    pk = name_id(**TASK)
    windows(pk, in_clusters(20))
    hour = CURRENT * 15 // 60 * 60
    day = hour // 1440 * 1440
    for week in (1, 2, 3):
        partitions.ensure(connection, HourRollup, [hour - week * 10080])
        HourRollup.objects.create(name_id=pk, start=hour - week * 10080, **values(50, 40, 0.1))
    for back in range(1, 28):
        partitions.ensure(connection, DayRollup, [day - back * 1440])
        DayRollup.objects.create(name_id=pk, start=day - back * 1440, **values(500, 24, 0.1))
    forecast(Config(), NOW)
    assert "more errors than usual at this hour of the week" in Forecast.objects.get().situation


def test_only_the_busiest_are_kept() -> None:
    for number in range(3):
        windows(name_id(f"t{number}", "task"), [False] * (number + 1))
    forecast(Config(anomaly_series=2), NOW)
    assert sorted(row.name for row in Forecast.objects.all()) == ["t1", "t2"]


def test_queries_do_not_grow_with_what_there_is() -> None:
    def count() -> int:
        Forecast.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            forecast(Config(), NOW)
        return len(queries)

    windows(name_id("t", "task"), [False])
    little = count()
    for number in range(9):
        windows(name_id(f"t{number}", "task"), [False] * 9)
    assert count() == little <= 12


@pytest.fixture
def known() -> None:
    windows(name_id(**TASK), in_clusters(166))
    windows(name_id("GET api/carts/"), in_clusters(166))
    windows(name_id("GET api/fine/"), [False] * 166)
    forecast(Config(), NOW)


@pytest.mark.usefixtures("known")
def test_only_what_beats_the_base_rate_is_predicted() -> None:
    assert {one.name for one in ErrorPredictor().predict_errors()} == {"shop.export", "GET api/carts/"}
    assert {one.name for one in ErrorPredictor().predict_errors({})} == {"shop.export", "GET api/carts/"}


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("as_rows", [True, False])
def test_predictions_are_about_what_the_error_logs_name(as_rows: bool) -> None:
    logs: list[dict[str, Any]] = [
        {"service": "shop", "name": "shop.export", "error_type": "TimeoutError", "error_id": "a", "created": NOW},
        {"service": "shop", "name": "shop.export", "error_type": "TimeoutError", "error_id": "b"},
        {"service": "shop", "name": "nobody", "error_type": "KeyError"},
    ]
    given = [SimpleNamespace(**one) for one in logs] if as_rows else logs
    (found,) = ErrorPredictor(given).predict_errors()
    assert (found.name, found.error_type, found.error_id) == ("shop.export", "TimeoutError", "a")
    assert 0 < found.base_rate < found.error_probability < 1
    assert found.brier < found.base_brier
    assert found.starts <= NOW < found.ends + timedelta(minutes=1)
    assert found.says.startswith("shop.export fails from ")


@pytest.mark.usefixtures("known")
def test_of_rows_of_the_error_log_no_payload_is_read() -> None:
    ErrorLog.objects.create(service="shop", name="shop.export", error_type="KeyError", message="secret")
    rows = ErrorLog.objects.order_by("-created")
    for given in (rows, rows[:5], rows.values("service", "name", "error_type"), list(rows)):
        with CaptureQueriesContext(connection) as queries:
            (found,) = ErrorPredictor(given).predict_errors()
        assert found.error_type == "KeyError"
        assert not any("exception_message" in one["sql"] for one in queries)


@pytest.mark.usefixtures("known")
def test_features_narrow_down() -> None:
    predictor = ErrorPredictor()
    assert [one.kind for one in predictor.predict_errors({"kind": "task"})] == ["task"]
    assert len(predictor.predict_errors([{"kind": "task"}, {"name": "GET api/carts/"}])) == 2
    assert predictor.predict_errors({"service": "other"}) == []
    with pytest.raises(ValueError, match="There are no features colour"):
        predictor.predict_errors({"colour": "red"})


@pytest.mark.usefixtures("known")
def test_what_nobody_has_forecast_for_a_while_is_not_predicted() -> None:
    Forecast.objects.update(window=CURRENT * 15 - 60)
    assert ErrorPredictor().predict_errors() == []

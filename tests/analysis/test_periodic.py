"""What the analysis does once a minute, and what it says of itself in metrics."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitoring.analysis import periodic
from monitoring.analysis.families import families
from monitoring.conf import Config, get_config
from tasks.analysis import analyze

from .anomalies.test_api import anomaly


def test_a_fault_of_one_step_keeps_no_other_from_its_turn(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done = []

    def fail(_config: Config, _now: datetime) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(periodic, "STEPS", {"first": fail, "second": lambda *given: done.append(given)})
    periodic.run(Config(), datetime.now(UTC))
    assert len(done) == 1
    assert "the analysis failed at first" in caplog.text


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_client")
def test_the_task_does_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(periodic, "STEPS", {"one": lambda config, _now: done.append(config.service)})
    analyze()
    assert done == [get_config().service]


@pytest.mark.django_db
def test_metrics_say_what_is_unusual() -> None:
    anomaly()
    anomaly(measure="error_rate", state="suspected")
    open_ones, numbers, scores = families(Config())
    found = {sample.labels["measure"]: sample.value for sample in open_ones.samples}
    assert (found["latency"], found["error_rate"]) == (1, 0)
    assert [sample.value for sample in numbers.samples] == [0, 0]
    assert not scores.samples

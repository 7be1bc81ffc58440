"""An evaluation of alert rules that ends at any of its statements, or meets another one, tells each transition once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection

from monitoring.alerts.channels.models import AlertChannel
from monitoring.alerts.deliveries.models import Delivery
from monitoring.alerts.incidents.models import Incident, IncidentEntry
from monitoring.alerts.rules.rule import Rule
from tests.alerts import stage as stages
from tests.alerts.stage import Stage
from tests.faults.processes import ENDED, Thread, end, in_child

_ENDLESS = 100
Ends = Callable[..., Any]


@pytest.fixture
def stage(database: None, monkeypatch: pytest.MonkeyPatch) -> Stage:
    AlertChannel.objects.create(
        name="hook", kind="webhook", settings={"url": "https://hooks.example.com/"}, severities=["high"]
    )
    return stages.install(monkeypatch)


def _before(number: int) -> Ends:
    """End the process before a statement."""
    left = iter(range(number))

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if next(left, None) is None:
            end()
        return execute(sql, params, many, context)

    return wrapper


def _after(number: int) -> Ends:
    """End the process after a statement."""
    left = iter(range(number))

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if next(left, None) is None:
            end()
        return result

    return wrapper


def _evaluate(stage: Stage, wrapper: Ends) -> None:
    with connection.execute_wrapper(wrapper):
        stage.evaluate()


def _begin(stage: Stage) -> Rule:
    """Evaluate a rule of which one incident goes on, one is over, and one begins with the next evaluation."""
    rule = stage.rule()
    stage.finds(rule, "goes on", "ends", count=1)
    stage.evaluate()
    stage.finds(rule, "goes on", "begins", count=10)
    return rule


def _told() -> dict[tuple[str, str], int]:
    rows = IncidentEntry.objects.values_list("incident__labels__subject", "kind")
    return dict(Counter(rows))


EXPECTED = {
    ("goes on", "firing"): 1,
    ("goes on", "milestone"): 1,
    ("ends", "firing"): 1,
    ("ends", "resolved"): 1,
    ("begins", "firing"): 1,
}


@pytest.mark.parametrize("when", [_before, _after])
def test_an_evaluation_that_ends_at_any_statement_tells_each_transition_once(
    stage: Stage, when: Callable[[int], Ends]
) -> None:
    _begin(stage)
    firing = {"goes on", "begins"}
    for number in range(_ENDLESS):
        code = in_child(lambda: _evaluate(stage, when(number)))  # noqa: B023  # called at once
        partly = _told()
        assert all(partly[key] <= EXPECTED[key] for key in partly)
        planned = Delivery.objects.filter(kind="firing").values_list("entry__incident__labels__subject", "kind")
        assert Counter(planned) == {key: count for key, count in partly.items() if key[1] == "firing"}
        if code == 0:
            break
    assert code == 0
    assert number > 10
    assert _told() == EXPECTED
    assert set(Incident.objects.filter(state="firing").values_list("labels__subject", flat=True)) == firing


def test_two_evaluations_at_once_tell_each_transition_once(stage: Stage) -> None:
    _begin(stage)

    def evaluate() -> int:
        wins = 0
        for _ in range(5):
            try:
                wins += stage.evaluate(after=0) is not None
            except OperationalError:  # a deadlock or a lock's end: the next evaluation does what this one did not
                continue
        return wins

    threads = [Thread(evaluate) for _ in range(3)]
    assert sum(int(str(thread.result())) for thread in threads) >= 5
    assert _told() == EXPECTED
    assert Delivery.objects.filter(kind="firing").count() == 3


def test_an_evaluation_that_died_holds_no_other_up(stage: Stage) -> None:
    _begin(stage)
    assert in_child(lambda: _evaluate(stage, _after(12))) == ENDED
    assert stage.evaluate() is not None
    assert _told() == EXPECTED

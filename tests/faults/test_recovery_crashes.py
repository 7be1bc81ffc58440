"""A recovery whose process dies, wherever: nothing is done twice, no lock is left, and somebody goes on with it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from monitoring.errors.models import ErrorGroup
from monitoring.errors.models import ErrorLog as Log
from monitoring.recovery import switch, verification
from monitoring.recovery.execution import due
from monitoring.recovery.execution.work import work
from monitoring.recovery.models import Recovery, RecoveryAction, RecoveryEntry, RecoverySwitch, RecoveryTotal
from monitoring.recovery.states import ActionState, State
from monitoring.storage.names import Name
from tests.faults.processes import ENDED, Thread, end, end_at, in_child
from tests.recovery.execution.stage import KIND, Reaches, Refuses, Stage, Writes, error, events, install, recovery

_ENDLESS = 200


@pytest.fixture(autouse=True)
def stage(database: None, redis_client: Any, monkeypatch: pytest.MonkeyPatch) -> Stage:
    told = verification.Watched
    monkeypatch.setattr(verification, "watch", lambda *_: told("persisted", "It went on."))
    return Stage()


def _before(number: int) -> Any:
    """End the process before a statement; of those in a transaction, which stand or fall together, before the first."""
    left, inside = iter(range(number)), False

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal inside
        was_inside, inside = inside, connection.in_atomic_block
        if not (was_inside and inside) and next(left, None) is None:
            end()
        return execute(sql, params, many, context)

    return wrapper


def _clear(redis_client: Any) -> None:
    for model in (RecoveryEntry, RecoveryAction, Recovery, RecoveryTotal, RecoverySwitch, Log, ErrorGroup):
        model._default_manager.all().delete()
    Name.objects.filter(kind=KIND).delete()
    redis_client.flushdb()


def _deeds(redis_client: Any) -> int:
    """How much was done that was not taken back."""
    return Name.objects.filter(kind=KIND).count() + int(redis_client.get("deeds") or 0)


def _work(row: Recovery, stage: Stage, wrapper: Any) -> None:
    with connection.execute_wrapper(wrapper):
        work(row.pk, stage.desk())


def _picked_up(row: Recovery, stage: Stage) -> Recovery:
    """Have whoever looks after the lease's end go on, as beat makes them."""
    stage.later(31)
    assert [one.id for one in due.take(stage.desk())] == [row.pk]
    work(row.pk, stage.desk())
    row.refresh_from_db()
    return row


def _executed_once(row: Recovery, redis_client: Any) -> None:
    assert (row.state, row.success, row.treated, row.lease) == (State.SOAKING, True, True, None)
    assert _deeds(redis_client) == 1
    assert [one.state for one in row.actions.exclude(state=ActionState.REFUSED)] == [ActionState.EXECUTED]
    assert events(row).count("executed") == 1
    assert RecoveryTotal.objects.get(what="action", value="executed").count == 1


def _taken_back_once(row: Recovery, redis_client: Any) -> None:
    assert (row.state, row.outcome, row.next_at, row.lease) == (State.SETTLED, "persisted", None, None)
    assert _deeds(redis_client) == 0
    assert [one.state for one in row.actions.exclude(state=ActionState.REFUSED)] == [ActionState.ROLLED_BACK]
    assert (events(row).count("rolled_back"), events(row).count("settled")) == (1, 1)


@pytest.mark.parametrize("strategy", [Writes, Reaches])
def test_who_dies_at_any_statement_before_the_effect_leaves_it_to_somebody_who_does_it_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, redis_client: Any, strategy: type[Writes]
) -> None:
    install(monkeypatch, strategy(), Refuses())
    for number in range(_ENDLESS):
        _clear(redis_client)
        row = recovery(error(), stage)
        if in_child(lambda: _work(row, stage, _before(number))) == 0:  # noqa: B023  # called at once
            break
        _executed_once(_picked_up(row, stage), redis_client)
    assert number > 10


@pytest.mark.parametrize("strategy", [Writes, Reaches])
def test_who_dies_at_any_statement_after_the_soak_leaves_it_to_somebody_who_takes_it_back_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, redis_client: Any, strategy: type[Writes]
) -> None:
    install(monkeypatch, strategy())
    for number in range(_ENDLESS):
        _clear(redis_client)
        row = stage.work(recovery(error(), stage))
        stage.later(121)
        if in_child(lambda: _work(row, stage, _before(number))) == 0:  # noqa: B023  # called at once
            break
        _taken_back_once(_picked_up(row, stage), redis_client)
    assert number > 6


@pytest.mark.parametrize(
    "step", ["claimed", "decide", "begin", "perform", "keep", "project", "look", "executed", "tell"]
)
def test_who_dies_before_any_step_of_what_reaches_further_than_rows_does_not_have_it_done_twice(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, redis_client: Any, step: str
) -> None:
    install(monkeypatch, Reaches())
    row = recovery(error(), stage, trigger="decorator", waits=True)
    stage.step = end_at(step)
    assert in_child(lambda: work(row.pk, stage.desk())) == ENDED
    stage.step = lambda _: None
    _executed_once(_picked_up(row, stage), redis_client)
    assert redis_client.llen(f"{stage.config.stream_prefix}:outcome:{row.error_id.hex}") == 1


@pytest.mark.parametrize("step", ["signal", "judge", "undo", "undone", "settle", "release"])
def test_who_dies_before_any_step_of_the_way_back_has_it_taken_back_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, redis_client: Any, step: str
) -> None:
    install(monkeypatch, Reaches())
    row = recovery(error(), stage)
    if step != "signal":
        stage.work(row)
        stage.later(121)
    stage.step = end_at(step)
    assert in_child(lambda: work(row.pk, stage.desk())) == ENDED
    stage.step = lambda _: None
    row = _picked_up(row, stage)
    if step == "signal":
        stage.later(121)
        row = stage.work(row)
    _taken_back_once(row, redis_client)


def test_of_many_who_work_at_once_on_one_target_one_acts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Writes())
    switch.turn(False, "ada")
    switch.turn(True, "ada")
    rows = [recovery(error(), stage) for _ in range(4)]
    threads = [Thread(lambda row=row: work(row.pk, stage.desk())) for row in (*rows, *rows)]  # type: ignore[misc]
    for thread in threads:
        thread.result()
    assert Name.objects.filter(kind=KIND).count() == 1
    assert RecoveryAction.objects.filter(state=ActionState.EXECUTED).count() == 1
    assert Recovery.objects.filter(treated=True).count() == 1
    assert not Recovery.objects.filter(lease__isnull=False).exists()

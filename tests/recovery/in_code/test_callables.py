"""Functions that recover by the kind of error: where they run, what they are shown, and what their results mean."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError

from monitoring.alerts.in_code.event import ErrorEvent
from monitoring.classification import ErrorType
from monitoring.conf import get_config
from monitoring.decisions import project
from monitoring.errors.models import ErrorLog
from monitoring.recording import errors
from monitoring.recording.recorder import recorder
from monitoring.recovery import ErrorRecovery, ErrorRecoveryContextManager, ErrorRecoveryStrategies, switch
from monitoring.recovery.in_code import attendant, calling
from monitoring.recovery.in_code.result import of_status
from tests.pipeline import drain_all
from tests.recovery.callers.conftest import SUCCEEDED

pytestmark = pytest.mark.django_db
KIND = ErrorType.DATABASE_ERROR


def fail(exception: BaseException | None = None) -> str:
    return str(errors.report(exception or DatabaseError("gone")))


def said() -> dict[str, Any]:
    context = ErrorLog.objects.latest("id").context
    return {key: context[key] for key in sorted(context) if key.startswith("recovery_")}


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("status", ["recovered", "degraded"])
def test_it_is_shown_the_exception_and_where_it_happened_and_the_log_says_what_it_did(status: str) -> None:
    shown: list[Any] = []

    async def reconnect(exception: BaseException, context: dict[str, Any]) -> dict[str, Any]:
        shown.extend([exception, context, threading.current_thread()])
        return {"status": status, "action": "database_reconnected"}

    recovery = ErrorRecovery()
    recovery.recovery_strategies[KIND] = reconnect
    failure = DatabaseError("gone")
    error_id = fail(failure)

    exception, context, thread = shown
    assert exception is failure
    assert context["error_id"] == error_id
    assert thread is not threading.current_thread()
    expected = {"attempted": True, "strategy": "database_reconnected", "success": True}
    assert said() == {f"recovery_{key}": value for key, value in expected.items()}


@pytest.mark.usefixtures("eager")
def test_the_other_kind_is_shown_the_error_as_it_is_sent() -> None:
    shown: list[ErrorEvent] = []

    def replica(error_event: ErrorEvent) -> dict[str, Any]:
        shown.append(error_event)
        return {"status": "degraded", "action": "using_read_replica"}

    strategies = ErrorRecoveryStrategies()
    strategies.recovery_strategies[KIND] = replica
    error_id = fail()
    (event,) = shown
    assert (event.error_id, event.error_type, event.message) == (error_id, KIND, "gone")
    recorder.flush()
    assert said()["recovery_strategy"] == "using_read_replica"


@pytest.mark.usefixtures("eager")
def test_of_two_for_one_kind_the_one_with_the_exception_is_called() -> None:
    called: list[str] = []
    ErrorRecovery().recovery_strategies[KIND] = lambda *_: called.append("exception")
    ErrorRecoveryStrategies().recovery_strategies[KIND] = lambda _event: called.append("event")
    fail()
    assert called == ["exception"]


def test_nobody_waits_for_one_that_is_not_called_after_all() -> None:
    ErrorRecoveryStrategies().recovery_strategies[KIND] = lambda _event: None
    attendant._attendant.raised(DatabaseError("gone"), 7, None)
    event = SimpleNamespace(error_id=str(UUID(int=7)), error_type=ErrorType.NOT_FOUND)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("monitoring.alerts.in_code.event.of_record", lambda *_: event)
        attendant._attendant.hear(0, {})
    assert attendant.result(event.error_id, 60.0) is None


@pytest.mark.usefixtures("eager")
def test_only_errors_of_its_kind_are_shown() -> None:
    shown: list[Any] = []
    ErrorRecovery().recovery_strategies["timeout_error"] = lambda *given: shown.append(given)
    fail()
    assert shown == []
    assert said() == {}


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("setting", ["off", "suggest"])
def test_nothing_is_called_where_nothing_may_act(settings: Any, setting: str) -> None:
    settings.MONITORING = {**settings.MONITORING, "RECOVERY": setting}
    shown: list[Any] = []
    ErrorRecovery().recovery_strategies[KIND] = lambda *given: shown.append(given)
    fail()
    assert shown == []


@pytest.mark.usefixtures("eager")
def test_one_that_fails_is_told_and_stops_nothing() -> None:
    def broken(_exception: Any, _context: Any) -> Any:
        raise ValueError("the password is rosebud")

    ErrorRecovery().recovery_strategies[KIND] = broken
    fail()
    assert (said()["recovery_success"], "broken" in said()["recovery_strategy"]) == (False, True)


@pytest.mark.usefixtures("eager")
def test_what_fails_while_recovering_is_recorded_by_its_caller_and_not_recovered() -> None:
    calls: list[Any] = []

    def itself(_exception: Any, _context: Any) -> Any:
        calls.append(1)
        fail()

    ErrorRecovery().recovery_strategies[KIND] = itself
    done = attendant.result(fail(), 0.0)
    assert done is not None
    assert done.message.endswith("did not recover it.")
    assert (len(calls), ErrorLog.objects.count()) == (1, 2)


@pytest.mark.usefixtures("redis_client")
def test_a_caller_waits_for_it_and_asks_nobody_else_if_it_succeeds(settings: Any) -> None:
    settings.ERROR_RECOVERY_TIMEOUT = 60_000
    ErrorRecovery().recovery_strategies[KIND] = lambda *_: {"status": "recovered", "action": "database_reconnected"}
    with ErrorRecoveryContextManager(service="django") as block:
        raise DatabaseError("gone")
    assert block.recovery == {
        "attempted": True,
        "success": True,
        "message": "Recovery successful: database_reconnected",
        "actions": [{"strategy": "database_reconnected", "success": True}],
        "outcome": None,
    }
    recorder.flush()
    drain_all()
    assert ErrorLog.objects.get().context["recovery_success"] is True


def test_one_that_does_not_recover_is_the_first_of_the_actions(settings: Any, recovering: Callable[..., Any]) -> None:
    settings.ERROR_RECOVERY_TIMEOUT = 60_000
    ErrorRecovery().recovery_strategies[KIND] = lambda *_: {"status": "gave up", "action": "database_reconnected"}
    with recovering(SUCCEEDED), ErrorRecoveryContextManager() as block:
        raise DatabaseError("gone")
    assert block.recovery is not None
    assert block.recovery["actions"] == [
        {"strategy": "database_reconnected", "success": False},
        {"strategy": "circuit_break", "success": True},
    ]


@pytest.mark.parametrize("value", [None, "recovered", {"status": "RECOVERED!"}, {"action": "x"}, [], {"status": None}])
def test_any_other_result_means_that_nothing_was_recovered(value: Any) -> None:
    assert of_status(value, "mine").success is False


def test_a_call_that_hangs_is_left_and_not_made_again_meanwhile() -> None:
    over = threading.Event()
    with pytest.raises(calling.FailedError, match="takes longer than"):
        calling.call("hangs", over.wait, seconds=0.01)
    with pytest.raises(calling.FailedError, match="has not come back"):
        calling.call("hangs", over.wait, seconds=0.01)
    over.set()


def test_a_coroutine_that_hangs_is_ended() -> None:
    async def hangs() -> None:
        import asyncio

        await asyncio.Event().wait()

    with pytest.raises(calling.FailedError):
        calling.call("hangs async", hangs, seconds=0.05)


@pytest.mark.usefixtures("eager")
def test_while_recovery_is_switched_off_no_function_is_called() -> None:
    called: list[str] = []
    ErrorRecovery().recovery_strategies[KIND] = lambda *_: called.append("called")
    ErrorRecoveryStrategies().recovery_strategies[ErrorType.TIMEOUT_ERROR] = lambda *_: called.append("called")
    for on in (False, True):
        switch.turn(on, "ada")
        project(get_config())
        fail()
        fail(TimeoutError("slow"))
        assert len(called) == 2 * on

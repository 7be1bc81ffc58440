"""Strategies of a project's own, by name: declared, carried out, and as good as the documented ones."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from monitoring.recovery import AutoRecoveryExecutor, RecoveryStrategy
from monitoring.recovery.in_code import calling
from monitoring.recovery.in_code.names import Action
from monitoring.recovery.strategies import registry
from monitoring.recovery.strategies.base import Case, Order, Reach, RefusedError, Strategy

CASE = Case(
    recovery_id=uuid.uuid4(),
    error_id=uuid.uuid4(),
    group_id=None,
    error_type="SoldOut",
    exception_type="shop.SoldOut",
    kind="internal_error",
    service="shop",
    environment="production",
    severity="high",
    message="none left",
    fingerprint="f",
    name="POST buy/",
    occurred=datetime.now(UTC),
    facts={"part": 7},
)
SITE: Any = None


def declared(name: str) -> Strategy:
    type("Mine", (RecoveryStrategy,), {"MINE": name})
    found = registry.get(name)
    assert found is not None
    return found


def order(strategy: Strategy) -> Order:
    return Order(uuid.uuid4(), CASE, strategy.plan(CASE, SITE), datetime.now(UTC))


def test_the_documented_names_are_constants() -> None:
    assert (RecoveryStrategy.RETRY, RecoveryStrategy.SERVICE_RESTART) == ("retry", "service_restart")
    assert sum(name.isupper() for name in vars(RecoveryStrategy)) == 10


def test_a_name_that_is_added_is_a_strategy() -> None:
    found = declared("order_more")
    assert (found.name, found.label, found.reach) == ("order_more", "Order More", Reach.HARMLESS)


def test_without_code_it_refuses() -> None:
    with pytest.raises(RefusedError, match="No AutoRecoveryExecutor has the method _execute_nobody_does"):
        declared("nobody_does").plan(CASE, SITE)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_the_method_of_an_executor_is_called_with_what_is_known(asynchronous: bool) -> None:
    seen: list[Action] = []
    name = f"order_{'more' if asynchronous else 'again'}"

    def execute(_self: Any, action: Action) -> dict[str, Any]:
        seen.append(action)
        return {"success": True, "message": "Ordered."}

    async def execute_async(self: Any, action: Action) -> dict[str, Any]:
        return execute(self, action)

    strategy = declared(name)
    kind = type("Mine", (AutoRecoveryExecutor,), {f"_execute_{name}": execute_async if asynchronous else execute})
    wanted = order(strategy)
    applied = strategy.apply(wanted, SITE)
    (action,) = seen
    assert (action.id, action.strategy, action.error_type) == (str(wanted.id), name, "SoldOut")
    assert action.context == {"part": 7}
    shown = strategy.seen(wanted, applied, SITE)
    assert (applied.says, shown.effect, applied.undo) == ("Ordered.", True, None)
    assert kind is not None


def test_a_function_that_is_put_into_the_executor_is_found() -> None:
    def _execute_put_there(_self: Any, _action: Action) -> dict[str, Any]:
        return {"success": True, "message": "Custom recovery"}

    AutoRecoveryExecutor._execute_put_there = _execute_put_there  # type: ignore[attr-defined]
    try:
        strategy = declared("put_there")
        assert strategy.apply(order(strategy), SITE).says == "Custom recovery"
    finally:
        del AutoRecoveryExecutor._execute_put_there  # type: ignore[attr-defined]


@pytest.mark.parametrize("result", [{"success": False, "message": "No."}, None, "yes", {"success": 1}])
def test_what_does_not_say_that_it_succeeded_did_not_take_effect(result: Any) -> None:
    strategy = declared("tries")
    kind = type("Tries", (AutoRecoveryExecutor,), {"_execute_tries": lambda _self, _action: result})
    wanted = order(strategy)
    assert strategy.seen(wanted, strategy.apply(wanted, SITE), SITE).effect is False
    assert kind is not None


def test_what_raises_did_not_take_effect() -> None:
    strategy = declared("raises")

    def raises(_self: Any, _action: Action) -> Any:
        raise OSError

    kind = type("Raises", (AutoRecoveryExecutor,), {"_execute_raises": raises})
    wanted = order(strategy)
    applied = strategy.apply(wanted, SITE)
    assert applied.says == "_execute_raises raised OSError."
    assert strategy.seen(wanted, applied, SITE).effect is False
    assert kind is not None


def test_of_one_that_was_interrupted_nobody_says_that_it_worked() -> None:
    strategy = declared("interrupted")
    kind = type("Interrupted", (AutoRecoveryExecutor,), {"_execute_interrupted": lambda _self, _action: None})
    assert strategy.seen(order(strategy), None, SITE).effect is False
    assert kind is not None


@pytest.mark.parametrize("name", ["Mine", "with space", "", "1st", "x" * 51])
def test_what_can_be_no_name_is_refused_at_once(name: str) -> None:
    with pytest.raises(ValueError, match="can be no strategy's name"):
        type("Mine", (RecoveryStrategy,), {"MINE": name})


def test_code_does_not_run_on_the_thread_that_asks() -> None:
    assert calling.call("where", calling.is_inside)
    assert not calling.is_inside()

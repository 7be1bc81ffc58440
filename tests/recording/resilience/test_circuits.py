"""A circuit in a process: what is recorded of calls, when they are refused, and what exceptions tell afterwards."""

from __future__ import annotations

import asyncio
import pickle
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from monitoring.recording import instance
from monitoring.recording.decisions import copy
from monitoring.recording.events import Call, CircuitDeclared
from monitoring.recording.events import Counter as Counted
from monitoring.recording.raised.reading import dependency_of
from monitoring.recording.recorder import recorder
from monitoring.recording.resilience import circuits, standing
from monitoring.recording.resilience.circuits import BEGAN, FAILED, REFUSED, SLOW, UNREADY, CircuitOpenError, circuit

from ..recorded import Recorded


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test knows of no circuit, and has read that none is open."""
    circuits.forget()
    standing._spent.clear()
    copy.take({})
    yield
    circuits.forget()
    copy.reset()


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    found = Recorded()
    monkeypatch.setattr(recorder, "record", found.append)
    monkeypatch.setattr(recorder, "record_fact", found.append)
    return found


def milliseconds(seconds: float = 0.0) -> int:
    return int((time.time() + seconds) * 1000)


def tell(*, void: float = 60.0, until: float = 30.0, **grants: list[tuple[int, int]]) -> None:
    """Have this process know that the circuit is not closed."""
    value = {"id": "1", "until": milliseconds(until), "void": milliseconds(void), "grants": grants}
    assert standing.apply("payments", value) is None


def granted(*numbers: int, seconds: float = 10.0) -> None:
    tell(**{instance.name(): [(number, milliseconds(seconds)) for number in numbers]})


def test_a_call_is_recorded_with_how_it_ended(recorded: Recorded) -> None:
    payments = circuit("payments", slow_seconds=0.001, ignore=LookupError)
    with payments:
        pass
    with pytest.raises(ConnectionError), payments:
        raise ConnectionError
    with pytest.raises(KeyError), payments:
        raise KeyError
    with payments as call:
        call.fail()
    with payments:
        time.sleep(0.002)
    assert [call.flags & FAILED for call in recorded.of(Call)] == [0, FAILED, 0, FAILED, 0]
    assert recorded.of(Call)[-1].flags == SLOW
    assert {call.permit for call in recorded.of(Call)} == {0}
    (declared,) = recorded.of(CircuitDeclared)
    assert (declared.name, declared.options) == ("payments", {"slow_seconds": 0.001})


def test_what_is_cancelled_says_nothing_of_the_dependency(recorded: Recorded) -> None:
    with pytest.raises(asyncio.CancelledError), circuit("payments"):
        raise asyncio.CancelledError
    assert recorded.of(Call) == []
    granted(1)
    with pytest.raises(asyncio.CancelledError), circuit("payments"):
        raise asyncio.CancelledError
    assert [(call.flags, call.permit) for call in recorded.of(Call)] == [(BEGAN, 1), (FAILED, 1)]


def test_calls_are_refused_while_it_is_open_and_pass_when_it_is_closed(recorded: Recorded) -> None:
    tell()
    with pytest.raises(CircuitOpenError, match="Circuit payments is open") as refused, circuit("payments"):
        pytest.fail("it went through")
    assert 25 < refused.value.retry_after <= 30
    assert [call.flags for call in recorded.of(Call)] == [REFUSED]
    with circuit("others"):
        pass
    standing.apply("payments", None)
    with circuit("payments"):
        pass
    assert recorded.of(Call)[-1].flags == 0


def test_calls_pass_when_nobody_told_for_too_long_and_that_is_counted(recorded: Recorded) -> None:
    tell(void=-1.0)
    with circuit("payments"):
        pass
    standing.apply("payments", None)
    assert [one.name for one in recorded.of(Counted)] == [standing.LAPSED]


def test_a_process_that_has_read_no_decisions_lets_calls_through_counted(recorded: Recorded) -> None:
    copy._begin_anew()
    with circuit("payments"):
        pass
    assert [one.name for one in recorded.of(Counted)] == [UNREADY]
    assert len(recorded.of(Call)) == 1


def test_each_permit_is_one_call_whichever_thread_is_first(recorded: Recorded) -> None:
    numbers = list(range(1, 21))
    granted(*numbers)
    payments, passed = circuit("payments"), Counter[bool]()
    ready = threading.Barrier(8)

    def call() -> None:
        ready.wait()
        for _ in range(20):
            try:
                with payments:
                    passed[True] += 1
            except CircuitOpenError:
                passed[False] += 1
            granted(*numbers)  # what is told again is not granted again

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(call.permit for call in recorded.of(Call) if call.flags == 0) == numbers
    assert sorted(call.permit for call in recorded.of(Call) if call.flags == BEGAN) == numbers


def test_a_permit_of_another_process_and_one_that_is_over_are_none(recorded: Recorded) -> None:
    tell(somebody=[(1, milliseconds(10))])
    with pytest.raises(CircuitOpenError), circuit("payments"):
        pass
    granted(2, seconds=-1)
    with pytest.raises(CircuitOpenError), circuit("payments"):
        pass


def test_what_nobody_could_have_told_changes_nothing() -> None:
    for value in ({}, {"void": "x"}, {"void": 1, "grants": []}, {"void": 1, "grants": {instance.name(): [1]}}):
        assert standing.apply("payments", value) == "It is not understood here."
    assert standing.standing == {}


def test_the_innermost_dependency_is_told_of_an_exception_and_of_what_came_of_it(recorded: Recorded) -> None:
    with pytest.raises(ConnectionError) as inner, circuit("shop"), circuit("payments"):
        raise ConnectionError
    assert dependency_of(inner.value) == "payments"
    outer = RuntimeError()
    with pytest.raises(ConnectionError) as cause, circuit("payments"):
        raise ConnectionError
    outer.__cause__ = cause.value
    assert dependency_of(outer) == "payments"
    assert dependency_of(ValueError()) == ""
    assert [call.name for call in recorded.of(Call)] == ["payments", "shop", "payments"]


class SealedError(Exception):
    """An exception that lets nobody write to it."""

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(name)


def test_an_exception_that_takes_no_mark_is_raised_all_the_same(recorded: Recorded) -> None:
    with pytest.raises(SealedError), circuit("payments"):
        raise SealedError
    assert [call.flags for call in recorded.of(Call)] == [FAILED]


def test_functions_and_coroutines_go_through_it(recorded: Recorded) -> None:
    @circuit("payments")
    def charge(amount: int) -> int:
        return amount

    @circuit("payments")
    async def refund(amount: int) -> int:
        await asyncio.sleep(0)
        return amount

    async def both() -> list[int]:
        async with circuit("payments"):
            return await asyncio.gather(*(refund(number) for number in range(3)))

    assert (charge(7), asyncio.run(both())) == (7, [0, 1, 2])
    assert charge.__name__ == "charge"
    assert len(recorded.of(Call)) == 5


def test_generators_may_leave_in_another_order_than_they_entered(recorded: Recorded) -> None:
    def calling(name: str) -> Iterator[None]:
        with circuit(name):
            yield

    first, second = calling("a"), calling("b")
    next(first), next(second)
    first.close()
    second.close()
    assert circuits._innermost.get() is None


def test_without_options_it_is_what_was_declared_before() -> None:
    declared = circuit("payments", failure_rate=0.25)
    assert circuit("payments") is declared
    assert circuit("payments", failure_rate=0.25) is declared
    changed = circuit("payments", failure_rate=0.5, half_open_requests=2)
    assert changed is not declared
    assert circuit("payments").options.half_open_requests == 2


@pytest.mark.parametrize(
    "options",
    [
        {"failure_rate": 0},
        {"failure_rate": 2},
        {"minimum": 0},
        {"window_seconds": 4},
        {"slow_seconds": -1},
        {"timeout_seconds": 10**400},
        {"timeout_seconds": float("nan")},
    ],
    ids=["none fail", "more than all", "none", "too short", "negative", "beyond any float", "no number"],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        circuit("payments", **options)
    with pytest.raises(TypeError):
        circuit("payments", surplus=1)
    with pytest.raises(ValueError, match="1 to 100 characters"):
        circuit("")


def test_a_refusal_can_be_pickled() -> None:
    found = pickle.loads(pickle.dumps(CircuitOpenError("payments", 7.5)))  # our own
    assert (found.name, found.retry_after, str(found)) == (
        "payments",
        7.5,
        "Circuit payments is open: calls are refused for 8 s or longer.",
    )

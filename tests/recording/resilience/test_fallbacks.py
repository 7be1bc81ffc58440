"""Alternatives: who is called, in which order, and what is told of failures that nobody sees."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from monitoring.recording import errors
from monitoring.recording.effects import effects
from monitoring.recording.events import Counter
from monitoring.recording.raised.reading import dependency_of
from monitoring.recording.recorder import recorder
from monitoring.recording.resilience import fallbacks
from monitoring.recording.resilience.circuits import CircuitOpenError
from monitoring.recording.resilience.fallbacks import DEGRADED, USED, fallback, is_degraded, with_fallback

from ..recorded import Recorded


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    fallbacks.forget()
    yield
    fallbacks.forget()


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    found = Recorded()
    monkeypatch.setattr(recorder, "record", found.append)
    monkeypatch.setattr(errors, "report", lambda error, **said: found.append((error, said)))
    return found


def degrade(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects, "standing", lambda kind, key: {} if (kind, key) == ("degraded", "prices") else None)


def fail() -> Any:
    raise ConnectionError("no answer")


async def fail_later() -> Any:
    await asyncio.sleep(0)
    fail()


def test_the_first_that_does_not_raise_answers_and_the_failure_is_told(recorded: Recorded) -> None:
    assert fallback("prices", lambda: 8, lambda: 7) == 8
    assert recorded == []
    assert fallback("prices", fail, fail, lambda: 7) == 7
    told = recorded.of(tuple)
    assert [(type(error), said) for error, said in told] == [(ConnectionError, {"context": {"fallback": "prices"}})] * 2
    assert dependency_of(told[0][0]) == "prices"
    assert [one.name for one in recorded.of(Counter)] == [USED]


def test_where_all_fail_it_fails_as_the_first_did(recorded: Recorded) -> None:
    def also() -> Any:
        raise LookupError

    with pytest.raises(ConnectionError):
        fallback("prices", fail, also)
    assert recorded.of(Counter) == []


def test_an_open_circuit_is_no_error(recorded: Recorded) -> None:
    def refused() -> Any:
        raise CircuitOpenError("shop", 5)

    assert fallback("prices", refused, lambda: 7) == 7
    assert recorded.of(tuple) == []


def test_in_degraded_mode_the_alternative_is_called_at_once(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    degrade(monkeypatch)
    assert is_degraded("prices")
    assert fallback("prices", lambda: pytest.fail("it was called"), lambda: 7) == 7
    assert [one.name for one in recorded.of(Counter)] == [DEGRADED]
    with pytest.raises(ConnectionError):
        fallback("prices", lambda: 8, fail)


def test_coroutines_are_awaited(recorded: Recorded) -> None:
    async def seven() -> int:
        return 7

    assert asyncio.run(fallback("prices", fail_later, seven)) == 7

    @with_fallback("prices", lambda part: f"{part}: 7")
    async def price(part: str) -> str:
        await fail_later()
        return part

    assert asyncio.run(price("bolt")) == "bolt: 7"
    assert [one.name for one in recorded.of(Counter)] == [USED, USED]


def test_functions_pass_their_arguments_on(recorded: Recorded) -> None:
    @with_fallback("prices", lambda part, *, count: count)
    def price(part: str, *, count: int) -> int:
        raise ConnectionError

    assert price("bolt", count=3) == 3
    assert price.__name__ == "price"


def test_a_fallback_needs_a_name_and_an_alternative() -> None:
    with pytest.raises(ValueError, match="at least one alternative"):
        fallback("prices", fail)
    with pytest.raises(ValueError, match="1 to 100 characters"):
        with_fallback("", fail)


def test_what_this_process_cannot_do_it_refuses() -> None:
    assert fallbacks._apply("prices", {}) == "No alternative of this name is registered here."
    with_fallback("prices", fail)
    assert fallbacks._apply("prices", {}) is None
    assert effects.capabilities()["fallbacks"] == ["prices"]

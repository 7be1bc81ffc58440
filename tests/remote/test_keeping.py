"""Answers are shared, kept for a moment, and never hold an event loop up for long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from monitoring.remote import NotConfiguredError, UnavailableError, asking, keeping

PATIENCE = 30.0


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Enginel:
    """Answers with how often it was asked; or holds its answers back, or fails."""

    def __init__(self) -> None:
        self.asked = 0
        self.failure: Exception | None = None
        self.free = threading.Event()
        self.free.set()

    def __call__(self, _where: asking.Source, _path: str, _query: Mapping[str, str], _also: tuple[int, ...]) -> bytes:
        self.asked += 1
        number, failure = self.asked, self.failure
        assert self.free.wait(PATIENCE)
        if failure is not None:
            raise failure
        return b'{"number": %d}' % number


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINEL_URL", "https://enginel.example")
    monkeypatch.setenv("ENGINEL_TOKEN", "t" * 40)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def enginel() -> Iterator[Enginel]:
    made = Enginel()
    yield made
    made.free.set()


@pytest.fixture
def held(enginel: Enginel, clock: Clock) -> keeping.Answers:
    return keeping.Answers(enginel, clock)


def on_a_loop(call: Callable[[], Any]) -> Any:
    async def run() -> Any:
        return call()

    return asyncio.run(run())


def test_an_answer_is_not_asked_for_again_within_a_moment(
    held: keeping.Answers, enginel: Enginel, clock: Clock
) -> None:
    assert held.get("a", {}) == {"number": 1}
    clock.now += keeping.FRESH_SECONDS / 2
    assert held.get("a", {}) == {"number": 1}
    clock.now += keeping.FRESH_SECONDS
    assert held.get("a", {}) == {"number": 2}


def test_questions_with_other_parameters_are_others(held: keeping.Answers, enginel: Enginel) -> None:
    found = [held.get("a", {"hours": "1"}), held.get("a", {"hours": "2"}), held.get("b", {"hours": "1"})]
    assert [one["number"] for one in found] == [1, 2, 3]


def test_whoever_changes_an_answer_changes_it_for_nobody_else(held: keeping.Answers) -> None:
    held.get("a", {})["number"] = 7
    assert held.get("a", {}) == {"number": 1}


def test_many_who_ask_at_once_are_answered_by_one_question(held: keeping.Answers, enginel: Enginel) -> None:
    enginel.free.clear()
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(held.get("a", {}))) for _ in range(5)]
    for thread in threads:
        thread.start()
    enginel.free.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert found == [{"number": 1}] * 5


def test_a_failure_is_told_and_not_tried_again_within_a_moment(
    held: keeping.Answers, enginel: Enginel, clock: Clock
) -> None:
    enginel.failure = UnavailableError("away", 503)
    for _ in range(2):
        with pytest.raises(UnavailableError, match="away") as raised:
            held.get("a", {})
        assert raised.value.status == 503
    assert enginel.asked == 1
    enginel.failure = None
    clock.now += keeping.FRESH_SECONDS
    assert held.get("a", {}) == {"number": 2}


def test_whatever_else_goes_wrong_is_told_as_a_failure_of_ours(held: keeping.Answers, enginel: Enginel) -> None:
    enginel.failure = ZeroDivisionError("secret")
    with pytest.raises(UnavailableError, match="ZeroDivisionError") as raised:
        held.get("a", {})
    assert "secret" not in str(raised.value)


def test_an_event_loop_is_told_the_last_answer_while_a_new_one_is_fetched(
    held: keeping.Answers, enginel: Enginel, clock: Clock
) -> None:
    held.get("a", {})
    clock.now += keeping.STALE_SECONDS - 1
    enginel.free.clear()
    assert on_a_loop(lambda: held.get("a", {})) == {"number": 1}
    assert on_a_loop(lambda: held.get("a", {})) == {"number": 1}
    enginel.free.set()
    assert held.get("a", {}) == {"number": 2}  # which is not a third


def test_an_event_loop_is_told_no_answer_that_is_too_old(
    held: keeping.Answers, enginel: Enginel, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "LOOP_SECONDS", 0.01)
    held.get("a", {})
    clock.now += keeping.STALE_SECONDS
    enginel.free.clear()
    with pytest.raises(UnavailableError, match="not answered yet"):
        on_a_loop(lambda: held.get("a", {}))


def test_an_event_loop_is_held_up_once_however_many_of_its_requests_ask(enginel: Enginel, clock: Clock) -> None:
    waited: list[float] = []

    def wait(_event: threading.Event, seconds: float) -> bool:
        waited.append(seconds)
        return False

    held = keeping.Answers(enginel, clock, wait)
    enginel.free.clear()
    for _ in range(3):
        with pytest.raises(UnavailableError, match="not answered yet"):
            on_a_loop(lambda: held.get("a", {}))
    assert waited == [keeping.LOOP_SECONDS, 0.0, 0.0]


def test_an_event_loop_is_held_up_once_however_many_different_questions_it_asks(enginel: Enginel, clock: Clock) -> None:
    waited: list[float] = []

    def wait(_event: threading.Event, seconds: float) -> bool:
        waited.append(seconds)
        return False

    held = keeping.Answers(enginel, clock, wait)
    enginel.free.clear()
    for hours in range(3):
        with pytest.raises(UnavailableError, match="not answered yet"):
            on_a_loop(lambda hours=hours: held.get("a", {"hours": str(hours)}))  # type: ignore[misc]
    clock.now += keeping.HOLD_WINDOW_SECONDS
    with pytest.raises(UnavailableError, match="not answered yet"):
        on_a_loop(lambda: held.get("b", {}))
    assert waited == [keeping.LOOP_SECONDS, 0.0, 0.0, keeping.LOOP_SECONDS]


def test_an_event_loop_goes_on_with_the_last_answer_while_enginel_is_away(
    held: keeping.Answers, enginel: Enginel, clock: Clock
) -> None:
    held.get("a", {})
    enginel.failure = UnavailableError("away")
    clock.now += keeping.FRESH_SECONDS
    with pytest.raises(UnavailableError):
        held.get("a", {})  # a thread, that can wait, is told
    assert on_a_loop(lambda: held.get("a", {})) == {"number": 1}


def test_too_many_questions_at_once_are_refused(
    held: keeping.Answers, enginel: Enginel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "LOOP_SECONDS", 0.0)
    enginel.free.clear()
    for number in range(8):
        with pytest.raises(UnavailableError, match="not answered yet"):
            on_a_loop(lambda number=number: held.get("a", {"hours": str(number)}))
    with pytest.raises(UnavailableError, match="too much at once"):
        held.get("a", {"hours": "9"})


def test_only_so_many_answers_are_kept(held: keeping.Answers, enginel: Enginel) -> None:
    for number in range(65):
        held.get("a", {"hours": str(number)})
    held.get("a", {"hours": "64"})
    assert enginel.asked == 65
    held.get("a", {"hours": "0"})
    assert enginel.asked == 66


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENGINEL_URL", ""),
        ("ENGINEL_URL", "monitor.internal"),
        ("ENGINEL_URL", "ftp://enginel.example"),
        ("ENGINEL_URL", "https://["),
        ("ENGINEL_URL", "https://enginel.example/?a=b"),
        ("ENGINEL_TOKEN", ""),
        ("ENGINEL_TOKEN", "a b"),
        ("ENGINEL_TOKEN", "schlüssel"),
    ],
)
def test_what_is_missing_or_of_no_use_is_told_without_its_value(
    held: keeping.Answers, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(NotConfiguredError, match=name) as raised:
        held.get("a", {})
    assert not value or value not in str(raised.value)

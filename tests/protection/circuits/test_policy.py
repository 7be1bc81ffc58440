"""The state machine of a circuit, by examples and by what holds whatever happens."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from monitoring.protection.circuits.models import Outcome, State
from monitoring.protection.circuits.policy import (
    ASKED,
    BEGIN,
    LATE,
    Calls,
    Known,
    Permit,
    grants,
    judge,
    lasting,
    lost_after,
    over,
)
from monitoring.recording.resilience.options import CircuitOptions

OPTIONS = CircuitOptions()
NOW = 1_700_000_000_000
CLOSED, OPEN, HALF_OPEN = Known(State.CLOSED), Known(State.OPEN, NOW), Known(State.HALF_OPEN)
SUCCEEDED, FAILED = (Permit("p", NOW, NOW, True, one) for one in (Outcome.SUCCEEDED, Outcome.FAILED))


@pytest.mark.parametrize(
    ("calls", "options", "opens"),
    [
        (Calls(5, 5), {}, True),
        (Calls(4, 4), {}, False),
        (Calls(10, 5), {}, True),
        (Calls(11, 5), {}, False),
        (Calls(1000, 499), {}, False),
        (Calls(19, 19), {"minimum": 20}, False),
        (Calls(20, 10), {"minimum": 20}, True),
        (Calls(10, 3), {"failure_rate": 0.25, "failure_threshold": 3}, True),
        (Calls(10, 0, 10), {}, False),
        (Calls(10, 0, 8), {"slow_seconds": 2.0, "slow_rate": 0.8}, True),
        (Calls(10, 0, 7), {"slow_seconds": 2.0, "slow_rate": 0.8}, False),
    ],
)
def test_it_opens_where_enough_calls_failed_or_were_slow(calls: Calls, options: dict[str, float], opens: bool) -> None:
    thresholds = CircuitOptions(**options)  # type: ignore[arg-type]
    found = judge(CLOSED, calls, (), thresholds, NOW)
    assert bool(over(calls, thresholds)) is opens is (found is not None)
    if found is not None:
        assert (found.state, found.until, found.by) == (State.OPEN, NOW + 60_000, "rates")


def test_it_is_tried_when_its_time_is_over_and_not_before() -> None:
    assert judge(OPEN, Calls(), (), OPTIONS, NOW - 1) is None
    found = judge(OPEN, Calls(), (), OPTIONS, NOW)
    assert found is not None
    assert found.state == State.HALF_OPEN


def test_one_that_is_held_open_is_not_tried() -> None:
    assert judge(Known(State.OPEN, 0), Calls(), (), OPTIONS, NOW) is None


def test_success_closes_and_a_failure_opens_for_longer() -> None:
    assert judge(HALF_OPEN, Calls(), (), OPTIONS, NOW) is None
    closed = judge(HALF_OPEN, Calls(), [SUCCEEDED], OPTIONS, NOW)
    assert closed is not None
    assert (closed.state, closed.trials) == (State.CLOSED, 0)
    opened = judge(replace(HALF_OPEN, trials=1), Calls(), [SUCCEEDED, FAILED], OPTIONS, NOW)
    assert opened is not None
    assert (opened.state, opened.trials, opened.until) == (State.OPEN, 2, NOW + 240_000)
    assert judge(HALF_OPEN, Calls(), [SUCCEEDED], CircuitOptions(half_open_requests=2), NOW) is None


def test_it_is_open_ten_times_as_long_at_most() -> None:
    assert [lasting(OPTIONS, trials) // 1000 for trials in (0, 1, 2, 3, 4, 5, 10_000)] == [
        60,
        120,
        240,
        480,
        600,
        600,
        600,
    ]


def test_who_wanted_to_call_last_is_permitted_and_nobody_else_until_that_is_over() -> None:
    askers = [("old", NOW - ASKED), ("earlier", NOW - 5), ("latest", NOW - 1)]
    assert grants((), askers, OPTIONS, NOW) == ["latest"]
    held = Permit("latest", NOW + BEGIN, NOW + BEGIN + lost_after(OPTIONS))
    fresh = [("earlier", NOW + BEGIN), ("latest", NOW + BEGIN)]
    assert grants([held], fresh, OPTIONS, NOW + BEGIN + LATE - 1) == []
    # It did not begin: whoever holds it may be dead, and somebody else is next.
    assert grants([held], fresh, OPTIONS, NOW + BEGIN + LATE) == ["earlier"]
    began = replace(held, began=True)
    assert grants([began], fresh, OPTIONS, NOW + BEGIN + LATE) == []
    late = held.lost
    assert grants([began], [("earlier", late)], OPTIONS, late) == ["earlier"]


def test_calls_are_spread_over_processes_and_one_may_have_several() -> None:
    options = CircuitOptions(half_open_requests=5)
    assert sorted(grants((), [("a", NOW), ("b", NOW)], options, NOW)) == ["a", "a", "a", "b", "b"]
    assert grants([SUCCEEDED, FAILED], [("a", NOW)], options, NOW) == []
    assert grants((), [], options, NOW) == []


def test_a_slow_dependency_has_more_time_to_answer() -> None:
    assert lost_after(OPTIONS) == 30_000
    assert lost_after(CircuitOptions(slow_seconds=20.0)) == 60_000


@given(
    st.dictionaries(
        st.sampled_from(sorted(CircuitOptions.__dataclass_fields__)),
        st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.booleans(), st.lists(st.integers())),
    )
)
def test_whatever_a_process_says_the_options_that_are_read_are_good(said: dict[str, object]) -> None:
    assert CircuitOptions.read(said).problems() == []


class World(RuleBasedStateMachine):
    """A circuit, processes that call, die and come back, and someone who decides now and then."""

    @initialize(wanted=st.integers(1, 4), threshold=st.integers(1, 5), rate=st.sampled_from([0.2, 0.5, 1.0]))
    def begin(self, wanted: int, threshold: int, rate: float) -> None:
        self.options = CircuitOptions(
            half_open_requests=wanted, failure_threshold=threshold, failure_rate=rate, timeout_seconds=30.0
        )
        self.now, self.opened = NOW, 0
        self.known, self.calls = Known(State.CLOSED), Calls()
        self.permits: list[Permit] = []
        self.askers: dict[str, int] = {}

    @rule(milliseconds=st.sampled_from([1, 500, BEGIN, LATE, 30_000, 60_000, 600_000]))
    def wait(self, milliseconds: int) -> None:
        self.now += milliseconds

    @rule(good=st.integers(0, 5), bad=st.integers(0, 5))
    def call(self, good: int, bad: int) -> None:
        if self.known.state == State.CLOSED:
            self.calls = Calls(self.calls.calls + good + bad, self.calls.failed + bad)

    @rule(process=st.sampled_from("abcd"))
    def ask(self, process: str) -> None:
        self.askers[process] = self.now

    @precondition(lambda self: any(not one.began and not one.outcome and self.now < one.void for one in self.permits))
    @rule()
    def try_it(self) -> None:
        self._change(lambda one: not one.began and not one.outcome and self.now < one.void, began=True)

    @precondition(lambda self: any(one.began and not one.outcome for one in self.permits))
    @rule(outcome=st.sampled_from([Outcome.SUCCEEDED, Outcome.FAILED]))
    def tell(self, outcome: Outcome) -> None:
        self._change(lambda one: one.began and not one.outcome, outcome=outcome)

    def _change(self, which: object, **values: object) -> None:
        place = next(place for place, one in enumerate(self.permits) if which(one))  # type: ignore[operator]
        self.permits[place] = replace(self.permits[place], **values)  # type: ignore[arg-type]

    @rule()
    def decide(self) -> None:
        before = self.known
        found = judge(before, self.calls, self.permits, self.options, self.now)
        if found is not None:
            self._check(before, found.state)
            if found.state == State.OPEN:
                assert found.until >= self.now + 30_000
                self.opened = self.now
            self.known = Known(found.state, found.until, found.trials)
            self.calls, self.permits = Calls(), []
        elif before.state == State.HALF_OPEN:
            for process in grants(self.permits, list(self.askers.items()), self.options, self.now):
                assert self.now - self.askers[process] < ASKED
                void = self.now + BEGIN
                self.permits.append(Permit(process, void, void + lost_after(self.options)))

    def _check(self, before: Known, after: State) -> None:
        """Only these ways lead from one state to another."""
        outcomes = [one.outcome for one in self.permits]
        if before.state == State.CLOSED:
            assert after == State.OPEN
            assert self.calls.failed >= self.options.failure_threshold
            assert self.calls.failed >= self.options.failure_rate * self.calls.calls
        elif before.state == State.OPEN:
            assert after == State.HALF_OPEN
            assert self.now >= self.opened + 30_000
        elif after == State.CLOSED:
            assert outcomes.count(Outcome.SUCCEEDED) >= self.options.half_open_requests
            assert Outcome.FAILED not in outcomes
        else:
            assert (after, Outcome.FAILED in outcomes) == (State.OPEN, True)

    @invariant()
    def no_more_than_permitted_may_pass(self) -> None:
        if not hasattr(self, "permits"):
            return
        valid = [one for one in self.permits if not one.began and not one.outcome and self.now < one.void]
        trying = [one for one in self.permits if one.began and not one.outcome and self.now < one.lost]
        done = [one for one in self.permits if one.outcome == Outcome.SUCCEEDED]
        assert len(valid) + len(trying) <= self.options.half_open_requests
        if valid:
            assert len(valid) + len(trying) + len(done) <= self.options.half_open_requests + self._late()

    def _late(self) -> int:
        """Outcomes that came when nobody waited for them any more."""
        return sum(one.outcome == Outcome.SUCCEEDED for one in self.permits)

    @invariant()
    def nobody_is_blocked_for_ever(self) -> None:
        """Whatever was granted, half an hour later somebody who asks may try, or it was decided otherwise."""
        if not hasattr(self, "permits") or self.known.state != State.HALF_OPEN:
            return
        later = self.now + 1_800_000
        if judge(self.known, self.calls, self.permits, self.options, later) is None:
            assert grants(self.permits, [("z", later)], self.options, later)


World.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestWorld = World.TestCase

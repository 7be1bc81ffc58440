"""What becomes of incidents over time, beside the words of Prometheus' own documentation and a simple model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from monitoring.alerts.incidents.machine import Found, Standing, Terms, advance, close, milestone
from monitoring.alerts.incidents.states import IncidentState, TransitionKind

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
PENDING, FIRING, RESOLVED = IncidentState.PENDING, IncidentState.FIRING, IncidentState.RESOLVED


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


class Story:
    """One incident's key, evaluated every so often."""

    def __init__(self, **terms: float) -> None:
        window = terms.pop("flap_window", 1800)
        changes = int(terms.pop("flap_changes", 0))
        durations = {name: seconds(value) for name, value in terms.items()}
        self.terms = Terms(**durations, flap_changes=changes, flap_window=seconds(window))
        self.now = START
        self.standing: Standing | None = None
        self.earlier: tuple[float, ...] = ()
        self.told: list[tuple[int, str]] = []

    def evaluate(self, *, found: bool, after: float = 10, count: int = 0, event: bool = False) -> str:
        """Evaluate once more; return the state."""
        self.now += seconds(after)
        ended = self.standing is not None and self.standing.state is RESOLVED and not self.standing.spent
        result = advance(
            None if ended else self.standing,
            Found(count, event) if found else None,
            self.terms,
            self.now,
            self.earlier,
        )
        if result.standing is not None and result.standing.state is RESOLVED:
            self.earlier = result.standing.changes
        self.standing = result.standing
        at = int((self.now - START).total_seconds())
        self.told += [(at, step.kind.value) for step in result.steps]
        return self.standing.state.value if self.standing else "none"


def test_without_for_it_fires_at_once() -> None:
    story = Story()
    assert story.evaluate(found=True) == "firing"
    assert story.told == [(10, "firing")]


def test_with_for_it_fires_at_the_first_evaluation_that_is_for_later_than_the_one_that_found_it() -> None:
    story = Story(hold=25)
    assert [story.evaluate(found=True) for _ in range(4)] == ["pending", "pending", "pending", "firing"]
    assert story.told == [(10, "pending"), (40, "firing")]


def test_what_is_gone_before_it_fires_leaves_nothing_and_begins_anew() -> None:
    story = Story(hold=20)
    states = [story.evaluate(found=one) for one in (True, True, False, True, True, True)]
    assert states == ["pending", "pending", "none", "pending", "pending", "firing"]


def test_a_clock_that_is_put_back_holds_nothing_up() -> None:
    year = 365 * 86_400
    story = Story(hold=20)
    assert [story.evaluate(found=True, after=one) for one in (10, year, -year, 10)] == ["pending"] + 3 * ["firing"]
    story = Story(hold=20)
    story.evaluate(found=True, after=year)
    assert [story.evaluate(found=True, after=one) for one in (-year, 10, 10)] == ["pending", "pending", "firing"]
    story = Story(keep=60)
    story.evaluate(found=True)
    story.evaluate(found=False, after=year)
    assert [story.evaluate(found=False, after=one) for one in (-year, 50, 10)] == ["firing", "firing", "resolved"]


def test_what_flapped_ahead_of_the_clock_settles_within_its_window() -> None:
    story = Story(flap_changes=2, flap_window=300)
    story.evaluate(found=True, after=86_400)
    story.evaluate(found=False)
    story.evaluate(found=True)
    assert story.standing is not None
    assert story.standing.flapping
    story.evaluate(found=True, after=-86_400)
    story.evaluate(found=True, after=301)
    assert not story.standing.flapping
    assert story.told[-1][1] == "settled"


def test_an_event_is_not_waited_for() -> None:
    assert Story(hold=600).evaluate(found=True, event=True) == "firing"


def test_it_fires_on_until_it_was_not_found_for_as_long_as_the_rule_keeps_it() -> None:
    story = Story(keep=20)
    assert story.evaluate(found=True) == "firing"
    assert [story.evaluate(found=False) for _ in range(3)] == ["firing", "firing", "resolved"]


def test_what_is_found_again_while_it_is_kept_goes_on_as_if_it_had_never_been_gone() -> None:
    story = Story(keep=20)
    for found in (True, False, False, True, False, False):
        assert story.evaluate(found=found) == "firing"
    assert story.evaluate(found=False) == "resolved"
    assert [kind for _, kind in story.told] == ["firing", "resolved"]


def test_an_acknowledged_incident_stays_acknowledged_until_it_is_over() -> None:
    acknowledged = Standing(IncidentState.ACKNOWLEDGED, started=START, fired=START)
    held = advance(acknowledged, Found(), Terms(), START + seconds(10))
    assert held.standing == acknowledged
    over = advance(acknowledged, None, Terms(), START + seconds(10)).standing
    assert over is not None
    assert over.state is RESOLVED


def test_milestones_are_told_once_each_however_far_a_count_jumps() -> None:
    story = Story()
    for count in (1, 2, 9, 12, 40, 5_000, 4_000, 5_001, 10_000):
        story.evaluate(found=True, count=count)
    assert [kind for _, kind in story.told] == ["firing", "milestone", "milestone", "milestone"]
    assert story.standing is not None
    assert story.standing.notified_count == 10_000


def test_an_incident_that_begins_with_many_occurrences_tells_of_them_by_firing() -> None:
    story = Story()
    story.evaluate(found=True, count=250)
    story.evaluate(found=True, count=999)
    assert story.told == [(10, "firing")]


@pytest.mark.parametrize(("count", "reached"), [(-1, 0), (0, 0), (1, 1), (9, 1), (10, 10), (99_999, 10_000)])
def test_milestones_are_powers_of_ten(count: int, reached: int) -> None:
    assert milestone(count) == reached


def test_what_goes_on_and_off_is_held_firing_and_told_of_once_until_it_is_steady() -> None:
    story = Story(flap_changes=5, flap_window=300)
    for found in [True, False] * 20:
        story.evaluate(found=found)
    kinds = [kind for _, kind in story.told]
    assert kinds == ["firing", "resolved", "firing", "resolved", "firing", "flapping"]
    states = [story.evaluate(found=False, after=60) for _ in range(5)]
    assert states == ["firing"] * 4 + ["resolved"]
    assert [kind for _, kind in story.told][6:] == ["settled", "resolved"]


def test_what_was_flapping_and_stays_on_goes_on_firing_without_being_told_again() -> None:
    story = Story(flap_changes=3, flap_window=300)
    for found in (True, False, True):
        story.evaluate(found=found)
    assert story.standing is not None
    assert story.standing.flapping
    for _ in range(10):
        assert story.evaluate(found=True, after=60) == "firing"
    assert [kind for _, kind in story.told] == ["firing", "resolved", "firing", "flapping", "settled"]
    assert story.evaluate(found=False) == "resolved"


def test_what_comes_back_after_long_is_not_flapping() -> None:
    story = Story(flap_changes=3, flap_window=300)
    for found in [True, False] * 6:
        story.evaluate(found=found, after=200)
    assert "flapping" not in [kind for _, kind in story.told]


def test_what_a_person_resolved_is_not_opened_again_before_it_was_gone() -> None:
    story = Story()
    story.evaluate(found=True, event=True)
    story.standing = Standing(RESOLVED, started=START, fired=START, resolved=START, event=True, spent=True)
    assert [story.evaluate(found=one, event=True) for one in (True, True, False, True)] == [
        "resolved",
        "resolved",
        "resolved",
        "firing",
    ]
    assert [kind for _, kind in story.told] == ["firing", "firing"]


def test_what_a_rule_that_is_gone_had_found_is_over_with_it() -> None:
    firing = Standing(FIRING, started=START, fired=START, flapping=True)
    over = close(firing, START + seconds(5), "rule removed")
    assert over.standing is not None
    assert (over.standing.state, over.standing.resolved) == (RESOLVED, START + seconds(5))
    assert [(step.kind, step.detail) for step in over.steps] == [(TransitionKind.RESOLVED, {"reason": "rule removed"})]
    assert close(Standing(PENDING, started=START), START, "rule removed").standing is None


class PrometheusModel:
    """The active alert of one label set, as Prometheus' rule manager keeps it."""

    def __init__(self, hold: int, keep: int) -> None:
        self.hold, self.keep = hold, keep
        self.state, self.active_at, self.keep_firing_since = "none", 0, 0

    def evaluate(self, now: int, found: bool) -> None:
        if found and self.state in ("none", "resolved"):
            self.state, self.active_at, self.keep_firing_since = "pending", now, 0
        if found:
            self.keep_firing_since = 0
            if self.state == "pending" and now - self.active_at >= self.hold:
                self.state = "firing"
            return
        if self.state == "pending":
            self.state = "none"
        elif self.state == "firing":
            self.keep_firing_since = self.keep_firing_since or now
            if now - self.keep_firing_since >= self.keep:
                self.state = "resolved"
        elif self.state == "resolved":
            self.state = "none"


class Incidents(RuleBasedStateMachine):
    """Whatever is found whenever: the machine says what the model says, and tells each transition once."""

    @initialize(hold=st.sampled_from([0, 5, 10, 60]), keep=st.sampled_from([0, 5, 10, 60]))
    def begin(self, hold: int, keep: int) -> None:
        self.story = Story(hold=hold, keep=keep)
        self.model = PrometheusModel(hold, keep)
        self.fired = 0

    @rule(found=st.booleans(), after=st.integers(1, 70), count=st.integers(0, 10_000))
    def evaluate(self, found: bool, after: int, count: int) -> None:
        before = self.model.state
        ours = self.story.evaluate(found=found, after=after, count=count)
        self.model.evaluate(int((self.story.now - START).total_seconds()), found)
        self.fired += self.model.state == "firing" and before != "firing"
        assert ours in {self.model.state, "resolved" if self.model.state == "none" else self.model.state}

    @rule(after=st.integers(1, 70))
    def fail(self, after: int) -> None:
        """A failed read is no evaluation: nobody asks the machine, and time goes on."""
        self.story.now += seconds(after)

    @invariant()
    def each_beginning_and_end_is_told_once(self) -> None:
        if not hasattr(self, "story"):
            return
        told = [kind for _, kind in self.story.told if kind in ("firing", "resolved")]
        assert told == (["firing", "resolved"] * self.fired)[: len(told)]
        assert self.fired == told.count("firing")
        standing = self.story.standing
        assert (standing is not None and standing.state is FIRING) == (len(told) % 2 == 1)


class Flaps(RuleBasedStateMachine):
    """However it goes on and off, people hear of it no more often than the window allows."""

    @initialize(changes=st.integers(2, 6), keep=st.sampled_from([0, 15]))
    def begin(self, changes: int, keep: int) -> None:
        self.changes = changes
        self.story = Story(keep=keep, flap_changes=changes, flap_window=300)

    @rule(found=st.booleans(), after=st.integers(1, 120))
    def evaluate(self, found: bool, after: int) -> None:
        self.story.evaluate(found=found, after=after)

    @rule(times=st.integers(1, 12))
    def flap(self, times: int) -> None:
        for number in range(times):
            self.story.evaluate(found=number % 2 == 0, after=20)

    @rule(found=st.booleans())
    def be_steady(self, found: bool) -> None:
        for _ in range(8):
            self.story.evaluate(found=found, after=60)
        standing = self.story.standing
        assert (standing is not None and standing.state is FIRING) == found
        assert standing is None or not standing.flapping

    @invariant()
    def it_is_told_rarely_enough(self) -> None:
        if not hasattr(self, "story"):
            return
        told = [at for at, kind in self.story.told if kind in ("firing", "resolved")]
        # As often as it takes to flap, one more that made it so, and the end of the flapping before.
        for position, at in enumerate(told):
            assert sum(1 for other in told[position:] if other - at < 300) <= self.changes + 2


TestIncidents = Incidents.TestCase
TestFlaps = Flaps.TestCase

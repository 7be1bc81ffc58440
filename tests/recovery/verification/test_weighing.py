"""What is judged of a signal, as a function of what was before and after."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.recovery.verification import CLEARED, PERSISTED, UNKNOWN, Signal
from monitoring.recovery.verification.judging import After, weigh

BEFORE = Signal(1, "shop", "GET cart/", own=True, taken=0.0, errors=60, share=0.5, rate=10.0)
AFTER = After(seconds=120.0, errors=0, all_errors=0, traffic=1_200.0, failed=0.0)


def test_it_has_cleared_if_errors_ended_while_traffic_went_on() -> None:
    found = weigh(BEFORE, AFTER)
    assert (found.outcome, found.says) == (
        CLEARED, "No more came, where 450 of 1200 requests or executions were to fail.",
    )  # fmt: skip


def test_it_has_persisted_if_errors_go_on() -> None:
    found = weigh(BEFORE, replace(AFTER, errors=400, all_errors=500, failed=500.0))
    assert (found.outcome, found.says) == (
        PERSISTED, "400 errors more came, after 60 before, in 1200 requests or executions.",
    )  # fmt: skip


@pytest.mark.parametrize(("errors", "outcome"), [(45, CLEARED), (46, PERSISTED)])
def test_a_tenth_of_its_share_is_left_to_it(errors: int, outcome: str) -> None:
    assert weigh(BEFORE, replace(AFTER, errors=errors, all_errors=errors, failed=float(errors))).outcome == outcome


def test_of_few_errors_before_it_counts_whether_they_ended() -> None:
    few = replace(BEFORE, errors=4)
    assert weigh(few, AFTER).outcome == CLEARED
    assert weigh(few, replace(AFTER, errors=1, all_errors=1, failed=1.0)).outcome == PERSISTED


@pytest.mark.parametrize("traffic", [0.0, 100.0])
def test_nothing_is_known_where_traffic_ended_with_the_errors(traffic: float) -> None:
    found = weigh(BEFORE, replace(AFTER, traffic=traffic))
    assert found.outcome == UNKNOWN
    assert found.says == f"There were {round(traffic)} requests or executions, where 1200 were usual."


def test_nothing_is_known_of_errors_so_rare_that_none_was_to_be_expected() -> None:
    found = weigh(replace(BEFORE, share=0.002), AFTER)
    assert (found.outcome, found.says) == (
        UNKNOWN, "No more came, but only 1.8 were to be expected of 1200 requests or executions.",
    )  # fmt: skip


def test_what_fails_in_its_place_is_the_same_trouble_under_another_name() -> None:
    found = weigh(BEFORE, replace(AFTER, failed=700.0))
    assert (found.outcome, found.says) == (
        PERSISTED, "700 of 1200 requests or executions failed otherwise in its place.",
    )  # fmt: skip


def test_what_failed_otherwise_before_is_another_trouble() -> None:
    assert weigh(replace(BEFORE, others=0.4), replace(AFTER, failed=600.0)).outcome == CLEARED


def test_what_fails_elsewhere_in_the_service_says_nothing_of_an_error_without_traffic_of_its_own() -> None:
    assert weigh(replace(BEFORE, own=False), replace(AFTER, failed=700.0)).outcome == CLEARED


@given(
    st.builds(
        Signal, st.just(1), st.just("s"), st.just("n"), st.booleans(), st.just(0.0), st.integers(0, 1000),
        st.floats(0, 1), st.floats(0, 1), st.floats(0, 1000),
    ),
    st.builds(
        After, st.floats(0.1, 1000), st.integers(0, 500), st.integers(0, 1000), st.floats(0, 1e6), st.floats(0, 1e6)
    ),
)  # fmt: skip
def test_it_never_clears_with_more_errors_where_it_would_not_with_fewer(signal: Signal, after: After) -> None:
    more = replace(after, errors=after.errors + 1, all_errors=after.all_errors + 1, failed=after.failed + 1)
    assert weigh(signal, after).outcome in {CLEARED, PERSISTED, UNKNOWN}
    if weigh(signal, more).outcome == CLEARED:
        assert weigh(signal, after).outcome == CLEARED

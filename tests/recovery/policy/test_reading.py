"""What the policy learns from the rows of recoveries."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.recovery.models import Recovery, RecoveryAction
from monitoring.recovery.policy import NONE, Outcome, history
from monitoring.recovery.policy.reading import MOST
from monitoring.recovery.states import ActionState, State

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def row(after: float = 0, **values: Any) -> Recovery:
    """Make one that is settled, so many seconds after noon; `retry` took effect, and its signal cleared."""
    at = NOW + timedelta(seconds=after)
    known = {"error_type": "ConnectionError", "strategy": "retry", "treated": True, "outcome": "cleared"}
    times = {"requested_at": NOW, "settled_at": at, "state": State.SETTLED}
    return Recovery(**{"error_id": uuid.uuid4(), **known, **times, **values})


def test_the_outcomes_of_an_error_type_come_the_oldest_first() -> None:
    Recovery.objects.bulk_create([
        row(3, strategy="fallback", outcome="persisted"), row(1), row(2, outcome="persisted"),
        row(4, error_type="DatabaseError"),
    ])  # fmt: skip
    assert history("ConnectionError").outcomes == [
        Outcome("retry", True), Outcome("retry", False), Outcome("fallback", False),
    ]  # fmt: skip


def test_where_no_strategy_took_effect_a_case_is_untreated_whatever_was_chosen() -> None:
    Recovery.objects.bulk_create([row(1, treated=False, strategy=NONE), row(2, treated=False, outcome="persisted")])
    assert history("ConnectionError").outcomes == [Outcome(NONE, True), Outcome(NONE, False)]


def test_what_nobody_could_judge_or_is_still_watched_or_joined_another_says_nothing() -> None:
    leader = row(1)
    Recovery.objects.bulk_create([leader])
    Recovery.objects.bulk_create([
        row(2, outcome="unknown"), row(3, state=State.SOAKING, outcome=""), row(4, leader=leader),
    ])  # fmt: skip
    assert history("ConnectionError").outcomes == [Outcome("retry", True)]


@pytest.mark.parametrize(("ended", "counts"), [(None, False), (15, False), (5, True)])
def test_what_an_earlier_action_for_the_same_fault_was_still_in_effect_for_is_not_untreated(
    ended: int | None, counts: bool
) -> None:
    fault = {"service": "shop", "fingerprint": "f1"}
    first = row(1, **fault)
    later = row(20, treated=False, watched_from=NOW + timedelta(seconds=10), **fault)
    other = row(30, treated=False, outcome="persisted", watched_from=NOW, service="shop", fingerprint="f2")
    Recovery.objects.bulk_create([first, later, other])
    RecoveryAction.objects.create(
        recovery=first, ordinal=1, strategy="retry", target="t", created=NOW, executed_at=NOW,
        state=ActionState.EXECUTED if ended is None else ActionState.ENDED,
        ended_at=None if ended is None else NOW + timedelta(seconds=ended),
    )  # fmt: skip
    untreated = [Outcome(NONE, True)] if counts else []
    assert history("ConnectionError").outcomes == [Outcome("retry", True), *untreated, Outcome(NONE, False)]


def test_a_case_for_which_the_remedy_of_another_fault_was_in_effect_says_nothing() -> None:
    Recovery.objects.bulk_create([row(1, treated=False, success=True, strategy=NONE), row(2, treated=False)])
    assert history("ConnectionError").outcomes == [Outcome(NONE, True)]


def test_environments_can_be_told_apart() -> None:
    Recovery.objects.bulk_create([row(1, environment="staging"), row(2, environment="production", outcome="persisted")])
    assert history("ConnectionError", environment="production").outcomes == [Outcome("retry", False)]


def test_it_takes_two_queries_however_many_there_are(django_assert_num_queries: Any) -> None:
    Recovery.objects.bulk_create([row(number, outcome="persisted") for number in range(20)])
    Recovery.objects.bulk_create([row(20 + number) for number in range(MOST)])
    with django_assert_num_queries(1):
        found = history("ConnectionError").outcomes
    assert found == [Outcome("retry", True)] * MOST
    Recovery.objects.bulk_create([row(2 * MOST + number, treated=False) for number in range(MOST)])
    with django_assert_num_queries(2):
        found = history("ConnectionError").outcomes
    assert found == [Outcome(NONE, True)] * MOST

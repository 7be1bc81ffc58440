"""A recovery from the request to the end of its soak: what is done, what is said, and what is taken back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import OperationalError

from monitoring.errors.log.models import ErrorLog
from monitoring.recovery import approving, status, switch, verification
from monitoring.recovery.models import Recovery, RecoveryAction
from monitoring.recovery.states import ActionState, State
from monitoring.recovery.strategies.base import Applied, Case, Order, Plan, Reach, RefusedError, Seen, Site

from . import stage as stages
from .stage import Refuses, Stage, Writes, action, error, events, install, recovery, written

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def outcome(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What verification is to find."""
    found = {"outcome": "cleared"}
    told = verification.Watched
    monkeypatch.setattr(verification, "watch", lambda *_: told(found["outcome"], "Looked at."))
    return found


class Wide(Writes):
    """Like the other, but nobody has allowed it."""

    reach = Reach.WIDE


def test_what_takes_effect_is_told_as_documented_and_written_to_the_error(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, redis_client: Any
) -> None:
    install(monkeypatch, Writes(), Refuses())
    failed = error()
    row = stage.work(recovery(failed, stage, trigger="decorator", waits=True))
    done = action(row, state=ActionState.EXECUTED)
    assert (row.state, row.success, row.treated, row.strategy) == (State.SOAKING, True, True, "pool_increase")
    assert (written(done.pk), stage.projected, done.undo, done.ordinal) == (1, 1, {"size": 10}, 2)
    expected = {
        "attempted": True,
        "success": True,
        "message": "Recovery successful: Pool Increase",
        "actions": [{"strategy": "pool_increase", "success": True}],
        "outcome": None,
    }
    assert status.of(failed.error_id) == expected
    key = f"{stage.config.stream_prefix}:outcome:{failed.error_id.hex}"
    assert [json.loads(one) for one in redis_client.lrange(key, 0, -1)] == [expected]
    assert 0 < redis_client.ttl(key) <= 60
    told = ErrorLog.objects.get(error_id=failed.error_id).context
    assert told == {"recovery_attempted": True, "recovery_success": True, "recovery_strategy": "pool_increase"}
    assert events(row) == ["refused", "refused", "performing", "executed"]
    assert (row.lease, row.leased_until, row.waits) == (None, None, False)


def test_an_error_whose_signal_clears_is_resolved_and_the_effect_stays_until_its_time_is_over(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, outcome: dict[str, str]
) -> None:
    from monitoring.recovery.execution import due

    install(monkeypatch, Writes())
    failed = error()
    row = stage.work(recovery(failed, stage))
    assert row.next_at is not None
    stage.later(121)
    stage.work(row)
    assert (row.state, row.outcome, row.next_at) == (State.SETTLED, "cleared", None)
    assert ErrorLog.objects.get(error_id=failed.error_id).resolved
    assert action(row, state=ActionState.EXECUTED).ended_at is None
    stage.later(600)
    assert due.end_overdue(stage.desk()) == 1
    ended = action(row, state=ActionState.ENDED)
    assert written(ended.pk) == 0
    assert status.of(failed.error_id)["outcome"] == "cleared"
    assert status.of(failed.error_id)["actions"] == [{"strategy": "pool_increase", "success": True}]


@pytest.mark.parametrize("kind", [Writes, stages.Reaches])
def test_what_did_not_help_is_rolled_back_and_not_tried_again_on_the_same_fault(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, outcome: dict[str, str], kind: type[Writes], redis_client: Any
) -> None:
    install(monkeypatch, kind())
    outcome["outcome"] = "persisted"
    failed = error()
    row = stage.work(recovery(failed, stage))
    stage.later(121)
    stage.work(row)
    undone = action(row, strategy="pool_increase")
    assert (row.state, row.outcome, undone.state) == (State.SETTLED, "persisted", ActionState.ROLLED_BACK)
    assert (written(undone.pk), redis_client.get("deeds") in (None, b"0")) == (0, True)
    assert "did not clear" in undone.says
    stage.later(301)
    again = stage.work(recovery(error(fingerprint=failed.fingerprint), stage))
    assert (again.treated, again.success) == (False, False)
    assert "did not help" in action(again, strategy="pool_increase").says


def test_what_may_act_at_once_comes_before_what_waits_for_somebody(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Second(Writes):
        name, label, target = "timeout_increase", "Timeout Increase", "timeout:default"

    install(monkeypatch, Wide(), Second())
    row = stage.work(recovery(error(), stage))
    assert (row.state, row.strategy, row.treated) == (State.SOAKING, "timeout_increase", True)


def test_a_strategy_that_does_not_take_effect_is_taken_back_and_the_next_one_is_tried(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Fails(Writes):
        def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen:
            return Seen(False, "No process applied it.")

    class Second(Writes):
        name, label, target = "timeout_increase", "Timeout Increase", "timeout:default"

    install(monkeypatch, Fails(), Second())
    failed = error()
    row = stage.work(recovery(failed, stage))
    assert status.of(failed.error_id)["actions"] == [
        {"strategy": "pool_increase", "success": False},
        {"strategy": "timeout_increase", "success": True},
    ]
    assert row.message == "Recovery successful: Timeout Increase"
    assert written(action(row, state=ActionState.FAILED).pk) == 0


def test_where_nothing_can_be_done_it_is_said_why_and_the_signal_is_watched_all_the_same(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, outcome: dict[str, str]
) -> None:
    install(monkeypatch, Refuses())
    failed = error()
    row = stage.work(recovery(failed, stage))
    assert (row.state, row.treated, row.success) == (State.SOAKING, False, False)
    assert "Timeout Increase: Nothing here has a timeout." in row.message
    assert status.of(failed.error_id)["actions"] == []
    assert ErrorLog.objects.get(error_id=failed.error_id).context == {
        "recovery_attempted": True,
        "recovery_success": False,
    }
    stage.later(121)
    stage.work(row)
    assert (row.state, row.outcome, row.treated) == (State.SETTLED, "cleared", False)


def test_what_may_not_act_by_itself_is_proposed_and_done_once_somebody_approves_of_what_they_saw(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Wide())
    row = stage.work(recovery(error(), stage))
    proposed = action(row, state=ActionState.PROPOSED)
    assert (row.state, row.success, written(proposed.pk)) == (State.PROPOSED, None, 0)
    with pytest.raises(approving.ChangedError):
        approving.approve(proposed.pk, "ada", proposed.version + 1)
    approving.approve(proposed.pk, "ada", proposed.version)
    with pytest.raises(approving.NotPossibleError):
        approving.reject(proposed.pk, "bob", proposed.version + 1)
    stage.work(row)
    done = action(row, state=ActionState.EXECUTED)
    assert (row.success, done.who, written(done.pk)) == (True, "ada", 1)
    assert events(row)[-4:] == ["proposed", "approved", "performing", "executed"]
    approving.take_back(done.pk, "eve", done.version)
    stage.work(row)
    undone = action(row, state=ActionState.ROLLED_BACK)
    assert (undone.who, written(undone.pk)) == ("eve", 0)


def test_a_proposal_that_nobody_approves_lapses_when_the_signal_clears_without_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, outcome: dict[str, str]
) -> None:
    install(monkeypatch, Wide())
    outcome["outcome"] = "persisted"
    row = stage.work(recovery(error(), stage))
    stage.later(121)
    stage.work(row)
    assert (row.state, row.outcome) == (State.PROPOSED, "persisted")
    stage.later(3600)
    stage.work(row)
    assert (row.state, row.success) == (State.SETTLED, False)
    assert action(row, strategy="pool_increase").state == ActionState.LAPSED


def test_a_rejected_proposal_is_not_done(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Wide())
    row = stage.work(recovery(error(), stage))
    proposed = action(row, state=ActionState.PROPOSED)
    approving.reject(proposed.pk, "ada", proposed.version, "Not now.")
    stage.work(row)
    assert (row.state, row.message) == (State.SOAKING, "Nothing was done: ada rejected Pool Increase.")


def test_with_the_switch_off_nothing_is_done_not_even_what_was_approved(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Wide())
    row = stage.work(recovery(error(), stage))
    proposed = action(row, state=ActionState.PROPOSED)
    approving.approve(proposed.pk, "ada", proposed.version)
    assert switch.turn(False, "bob", "Migration.")
    assert not switch.turn(False, "bob")
    stage.work(row)
    assert (row.success, written(proposed.pk)) == (False, 0)
    assert action(row, pk=proposed.pk).state == ActionState.REFUSED
    other = stage.work(recovery(error(), stage))
    assert other.message == "Nothing was done: Recovery is switched off."
    assert switch.turn(True, "bob")
    assert not switch.is_off()


def test_the_same_target_is_left_alone_for_a_while_after_an_action_on_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, outcome: dict[str, str]
) -> None:
    install(monkeypatch, Writes())
    first = stage.work(recovery(error(), stage))
    outcome["outcome"] = "persisted"
    stage.later(121)
    stage.work(first)
    third = stage.work(recovery(error(), stage))
    assert "was recovered lately" in third.message
    stage.later(301)
    assert stage.work(recovery(error(), stage)).success


def test_beyond_so_many_actions_in_the_window_the_next_one_is_only_proposed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    class Each(Writes):
        def plan(self, case: Case, site: Site) -> Plan:
            return Plan(f"pool:{case.error_id}", {}, "More.", 60.0)

    settings.MONITORING = {**settings.MONITORING, "RECOVERY_MOST": 2}
    install(monkeypatch, Each())
    rows = [stage.work(recovery(error(), stage)) for _ in range(3)]
    assert [row.state for row in rows] == [State.SOAKING, State.SOAKING, State.PROPOSED]
    assert "2 actions began within 600 s" in rows[2].message


def test_who_joins_a_recovery_is_told_what_became_of_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, redis_client: Any
) -> None:
    install(monkeypatch, Writes())
    failed = error()
    leader = recovery(failed, stage)
    repeated = error(fingerprint=failed.fingerprint)
    joined = recovery(repeated, stage, state=State.JOINED, leader=leader, waits=True, trigger="decorator")
    stage.work(joined)
    assert joined.settled_at is None
    stage.work(leader)
    joined.refresh_from_db()
    assert joined.settled_at is not None
    assert status.of(repeated.error_id)["success"]
    assert redis_client.llen(f"{stage.config.stream_prefix}:outcome:{repeated.error_id.hex}") == 1
    late = recovery(error(), stage, state=State.JOINED, leader=leader, waits=True, trigger="manual")
    stage.work(late)
    assert (late.settled_at is not None, late.next_at) == (True, None)
    assert status.of(late.error_id)["message"] == leader.message


def test_what_cannot_be_taken_back_holds_its_target_and_people_are_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, outcome: dict[str, str]
) -> None:
    from monitoring.jobs.findings import Finding

    class Sticks(Writes):
        def undo(self, order: Order, undo: Any, site: Site) -> str:
            raise RefusedError("The server does not answer.")

    install(monkeypatch, Sticks())
    outcome["outcome"] = "persisted"
    row = stage.work(recovery(error(), stage))
    stage.later(121)
    stage.work(row)
    left = action(row, state=ActionState.ROLL_BACK_FAILED)
    assert (row.state, left.ended_at) == (State.SETTLED, None)
    assert Finding.objects.get().kind == "recovery_not_taken_back"
    stage.later(3600)
    assert "stands on" in stage.work(recovery(error(), stage)).message


def test_people_are_told_once_of_a_target_that_recurs_after_three_episodes_within_a_day(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, outcome: dict[str, str]
) -> None:
    from monitoring.jobs.findings import Finding
    from monitoring.recovery.execution import due

    class Short(Writes):
        seconds = 1.0

    install(monkeypatch, Short())
    for _ in range(5):
        assert stage.work(recovery(error(), stage)).success
        stage.later(310)
        due.end_overdue(stage.desk())
    found = Finding.objects.get(kind="recovery_recurring")
    assert (found.detail["target"], found.detail["times"]) == ("pool:default", 4)


def test_an_error_that_is_not_in_the_log_yet_is_waited_for_and_one_that_never_comes_is_said_to_be_unknown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Writes())
    late, missing = error(), error()
    ErrorLog.objects.filter(pk=missing.pk).delete()
    unknown = {"error_type": "", "fingerprint": "", "trigger": "manual", "waits": True}
    row = recovery(missing, stage, **unknown)
    stage.work(row)
    assert (row.state, row.message) == (State.REQUESTED, "")
    stage.later(11)
    stage.work(row)
    assert row.message == "Nothing was done: The error log has no such error."
    assert stage.work(recovery(late, stage, **unknown)).success


def test_what_ends_whoever_works_on_it_is_given_up(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Writes())
    row = recovery(error(), stage, attempts=5)
    stage.work(row)
    assert (row.state, row.success, row.next_at) == (State.SETTLED, False, None)
    assert not RecoveryAction.objects.filter(recovery=row).exists()


def test_only_one_works_on_a_recovery_at_a_time(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    from monitoring.recovery.execution import holding
    from monitoring.recovery.execution.work import work

    install(monkeypatch, Writes())
    row = recovery(error(), stage)
    held = holding.claim(row.pk, stage.time, "default")
    assert held is not None
    assert not work(row.pk, stage.desk())
    stage.later(31)
    assert work(row.pk, stage.desk())
    with pytest.raises(holding.LostError):
        holding.save(held, "default", message="Too late.")
    assert Recovery.objects.get(pk=row.pk).success


def test_a_strategy_that_breaks_is_said_to_and_whatever_it_may_have_done_is_taken_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, redis_client: Any
) -> None:
    class Breaks(stages.Reaches):
        def apply(self, order: Order, site: Site) -> Applied:
            super().apply(order, site)
            raise ConnectionResetError("The broker went away.")

    install(monkeypatch, Breaks())
    row = stage.work(recovery(error(), stage))
    assert (row.state, row.success, redis_client.get("deeds")) == (State.SOAKING, False, b"0")
    assert "ConnectionResetError: The broker went away." in row.message
    assert action(row, strategy="pool_increase").state == ActionState.FAILED


def test_what_fails_for_want_of_the_database_is_left_to_somebody_later(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Starves(Writes):
        def apply(self, order: Order, site: Site) -> Applied:
            super().apply(order, site)
            raise OperationalError("database is locked")

    install(monkeypatch, Starves())
    row = recovery(error(), stage)
    with pytest.raises(OperationalError):
        stage.work(row)
    row.refresh_from_db()
    assert (row.state, row.lease, row.attempts) == (State.REQUESTED, None, 1)
    install(monkeypatch, Writes())
    stage.later(6)
    assert stage.work(row).success
    assert row.attempts == 0

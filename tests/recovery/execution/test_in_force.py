"""What is in effect for one fault is told to another that would have the same: nothing is done twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitoring.errors.log.models import ErrorLog
from monitoring.recovery import status
from monitoring.recovery.models import RecoveryAction
from monitoring.recovery.policy import history
from monitoring.recovery.states import ActionState, State
from monitoring.recovery.strategies.base import Case, InForceError, Plan, Site

from .stage import Refuses, Stage, Writes, action, error, events, install, recovery

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]


class Knows(Writes):
    """Sees by itself that what it would do is so already."""

    def plan(self, case: Case, site: Site) -> Plan:
        if RecoveryAction.objects.filter(target=self.target).exists():
            raise InForceError("It is 25 already.", self.target)
        return super().plan(case, site)


@pytest.mark.parametrize("kind", [Writes, Knows])
def test_a_second_fault_is_told_that_its_remedy_is_in_effect(
    monkeypatch: pytest.MonkeyPatch, redis_client: Any, kind: type[Writes]
) -> None:
    stage = Stage()
    install(monkeypatch, kind(), Refuses())
    first, failed = stage.work(recovery(error(), stage)), error()
    second = stage.work(recovery(failed, stage, trigger="decorator", waits=True))
    told = {
        "attempted": True,
        "success": True,
        "message": "Already in effect: Pool Increase",
        "actions": [],
        "outcome": None,
    }
    assert status.of(failed.error_id) == told
    key = f"{stage.config.stream_prefix}:outcome:{failed.error_id.hex}"
    assert [json.loads(one) for one in redis_client.lrange(key, 0, -1)] == [told]
    assert (second.state, second.treated) == (State.SOAKING, False)
    assert second.choice["standing"] == str(action(first, state=ActionState.EXECUTED).pk)
    assert events(second)[-1] == "decided"
    context = ErrorLog.objects.get(error_id=failed.error_id).context
    assert (context["recovery_success"], context["recovery_strategy"]) == (True, "pool_increase")


def test_it_is_watched_and_says_nothing_to_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    install(monkeypatch, Writes())
    stage.work(recovery(error(), stage))
    second = stage.work(recovery(error(), stage))
    stage.later(121)
    stage.work(second)
    assert second.state == State.SETTLED
    second.outcome = "cleared"
    second.save()
    assert history("DatabaseError").outcomes == []


def test_what_another_strategy_did_on_the_target_is_not_what_this_case_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    install(monkeypatch, Writes())
    first = stage.work(recovery(error(), stage))
    RecoveryAction.objects.filter(recovery=first, state=ActionState.EXECUTED).update(strategy="service_restart")
    assert "stands on pool:default" in stage.work(recovery(error(), stage)).message


def test_what_is_to_be_taken_back_is_not_said_to_be_in_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    install(monkeypatch, Writes())
    first = stage.work(recovery(error(), stage))
    RecoveryAction.objects.filter(recovery=first, state=ActionState.EXECUTED).update(roll_back=True)
    second = stage.work(recovery(error(), stage))
    assert (second.success, "stands on" in second.message) == (False, True)


@pytest.mark.parametrize("executed", [True, False])
def test_what_is_being_done_is_waited_for_a_while(monkeypatch: pytest.MonkeyPatch, executed: bool) -> None:
    stage = Stage()
    install(monkeypatch, Writes())
    first = stage.work(recovery(error(), stage))
    done = RecoveryAction.objects.filter(recovery=first, strategy="pool_increase")
    done.update(state=ActionState.PERFORMING)
    second = stage.work(recovery(error(), stage))
    assert (second.state, second.message) == (State.REQUESTED, "")
    if executed:
        done.update(state=ActionState.EXECUTED)
    stage.later(11)
    stage.work(second)
    assert (second.success, "stands on" in second.message) == (executed, not executed)


def test_what_may_act_goes_before_what_is_in_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    class Second(Writes):
        name, label, target = "timeout_increase", "Timeout Increase", "timeout:default"

    stage = Stage()
    install(monkeypatch, Writes())
    stage.work(recovery(error(), stage))
    install(monkeypatch, Writes(), Second())
    assert stage.work(recovery(error(), stage)).message == "Recovery successful: Timeout Increase"


def test_whose_target_is_taken_while_it_decides_is_told_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    install(monkeypatch, Writes())
    first, second = recovery(error(), stage), recovery(error(), stage)

    def meanwhile(name: str) -> None:
        if name == "begin":
            stage.step = lambda _: None
            stage.work(first)

    stage.step = meanwhile
    row = stage.work(second)
    assert (row.message, row.success) == ("Already in effect: Pool Increase", True)
    assert action(row, strategy="pool_increase").state == ActionState.REFUSED

"""The steps of a recovery up to its effect: decide, act or propose, wait for approval, or leave it alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from monitoring.recovery import policy
from monitoring.recovery.guardrails import Mode
from monitoring.recovery.models import Recovery, RecoveryAction
from monitoring.recovery.states import ACTED, ActionState, Event, Outcome, State
from monitoring.recovery.strategies.base import RefusedError

from . import case as cases
from . import deciding, holding, log, orders, performing, trail, watching
from .deciding import Chosen, Decision, label
from .desk import Desk, Turn
from .performing import ExhaustedError, StoppedError

PROPOSAL_SECONDS = 3_600
"""So long a proposal waits for somebody's approval."""
_SOON = timedelta(seconds=1)


def actions_of(row: Recovery, desk: Desk) -> list[RecoveryAction]:
    """Return a recovery's actions in their order."""
    return list(RecoveryAction.objects.using(desk.alias).filter(recovery=row).order_by("ordinal"))


def decide(row: Recovery, desk: Desk) -> datetime | None:
    """Decide what is done next, and do it.

    Args:
        row: The recovery, held.
        desk: What recoveries are carried out with.

    Returns:
        When to look again; None where the recovery's state says what is next.
    """
    begun, now = actions_of(row, desk), desk.now()
    desk.step("decide")
    decision = deciding.decide(row, begun, now, desk)
    if decision is None:
        return now + _SOON
    if leader := deciding.leader_of(row, decision.known, desk.alias):
        holding.save(row, desk.alias, state=State.JOINED, leader_id=leader.pk)
        row.leader = leader
        return None
    if decision.standing is not None:
        _rely(row, decision, decision.standing, begun, desk)
    elif decision.chosen is None:
        _leave_alone(row, decision, begun, desk)
    elif decision.chosen.mode == Mode.PROPOSE:
        _propose(row, decision, decision.chosen, begun, desk)
    else:
        return _act(row, decision, decision.chosen, begun, desk)
    return None


def _act(row: Recovery, decision: Decision, chosen: Chosen, begun: list[RecoveryAction], desk: Desk) -> datetime | None:
    """Begin what was chosen, and see what comes of it."""
    now = desk.now()
    others = deciding.refused(row, decision, begun, now)
    action = _action(row, chosen, len(begun) + len(others), now)
    turn = Turn(row, decision.known.case, desk)
    desk.step("begin")
    try:
        applied = performing.begin(action, turn, _decided(row, decision, now), others)
    except ExhaustedError as error:
        _propose(row, decision, chosen, begun, desk, str(error))
        return None
    except (StoppedError, RefusedError) as error:
        _refuse(row, action, others, str(error), desk)
        return None
    return performing.go_on(action, turn, fresh=True, applied=applied)


def go_on(row: Recovery, desk: Desk) -> datetime | None:
    """Bring the action forward that was begun, by whomever.

    Args:
        row: The recovery, held.
        desk: What recoveries are carried out with.
    """
    known = cases.load(row, desk.alias)
    for action in actions_of(row, desk):
        if action.state == ActionState.PERFORMING:
            return performing.go_on(action, Turn(row, known.case, desk), fresh=False)
    holding.save(row, desk.alias, state=State.REQUESTED)  # it was ended by somebody else
    return None


def wait(row: Recovery, desk: Desk) -> datetime | None:
    """Do what was approved meanwhile; watch the signal of what is not.

    Args:
        row: The recovery, held; it has a proposal.
        desk: What recoveries are carried out with.
    """
    actions, case = actions_of(row, desk), cases.load(row, desk.alias).case
    turn = Turn(row, case, desk)
    for action in actions:
        if action.state == ActionState.APPROVED:
            desk.step("begin")
            try:
                applied = performing.begin(action, turn, {"outcome": "", "message": ""}, [])
            except (StoppedError, RefusedError) as error:
                action.state = ActionState.APPROVED
                _turn_down(row, action, str(error), desk)
                return None
            return performing.go_on(action, turn, fresh=True, applied=applied)
    open_ones = [one for one in actions if one.state == ActionState.PROPOSED]
    if not open_ones:
        message = " ".join(f"{one.who} rejected {label(one.strategy)}." for one in actions if one.who)
        holding.save(row, desk.alias, state=State.SOAKING, success=False, message=f"Nothing was done: {message}")
        return None
    if not row.outcome:
        if (later := watching.watch(row, case, desk)) is not None:
            return later
        holding.save(row, desk.alias, outcome=row.outcome, choice=row.choice)
    until = open_ones[0].created + timedelta(seconds=PROPOSAL_SECONDS)
    if row.outcome != Outcome.CLEARED and desk.now() < until:
        return until
    _lapse(row, open_ones, desk)
    watching.settle(turn, [])
    return None


def _action(row: Recovery, chosen: Chosen, ordinal: int, now: datetime) -> RecoveryAction:
    return RecoveryAction(
        recovery=row,
        ordinal=ordinal,
        strategy=chosen.strategy.name,
        target=chosen.plan.target,
        parameters=dict(chosen.plan.parameters),
        plan=chosen.plan.says,
        seconds=chosen.plan.seconds,
        created=now,
    )


def _decided(row: Recovery, decision: Decision, now: datetime) -> dict[str, Any]:
    """Return what a recovery becomes with a decision: what became known of its case, and what was chosen why."""
    case = decision.known.case
    choice = decision.choice.as_json() if decision.choice is not None else {}
    return {
        "group_id": case.group_id,
        "service": case.service,
        "environment": case.environment,
        "error_type": case.error_type,
        "severity": case.severity,
        "name": case.name,
        "fingerprint": case.fingerprint,
        "dependency": case.dependency,
        "choice": {**choice, "refusals": decision.refusals},
        "decided_at": row.decided_at or now,
    }


def _leave_alone(row: Recovery, decision: Decision, begun: list[RecoveryAction], desk: Desk) -> None:
    """Do nothing, or nothing more, about a case whose signal is watched all the same."""
    now, alias = desk.now(), desk.alias
    failed = [one for one in begun if one.state in ACTED]
    if failed:
        told = " ".join(f"{label(one.strategy)}: {one.says}" for one in failed)
        message = f"Recovery failed: {told}"
    else:
        message = f"Nothing was done: {decision.says}"
    others = deciding.refused(row, decision, begun, now)
    arm = decision.choice.arm if decision.choice is not None else policy.NONE
    desk.step("leave")
    with transaction.atomic(using=alias, durable=True):
        RecoveryAction.objects.using(alias).bulk_create(others)
        values = _decided(row, decision, now)
        counts = trail.analysed(row, now)
        holding.save(row, alias, state=State.SOAKING, success=False, strategy=arm, message=message, **values)
        log.note(row.error_id, alias, success=False, strategy="")
        entries = [trail.entry(Event.REFUSED, row, now, one.says, one) for one in others]
        trail.write([*entries, trail.entry(Event.DECIDED, row, now, message)], alias, counts)


def _rely(row: Recovery, decision: Decision, standing: RecoveryAction, begun: list[RecoveryAction], desk: Desk) -> None:
    """Do nothing more where a remedy is in effect that was applied for another case; the signal is watched."""
    now, alias = desk.now(), desk.alias
    message = f"Already in effect: {label(standing.strategy)}"
    others = deciding.refused(row, decision, begun, now)
    desk.step("rely")
    with transaction.atomic(using=alias, durable=True):
        RecoveryAction.objects.using(alias).bulk_create(others)
        values = _decided(row, decision, now)
        values["choice"]["standing"] = str(standing.pk)
        counts = trail.analysed(row, now)
        holding.save(row, alias, state=State.SOAKING, success=True, strategy=policy.NONE, message=message, **values)
        log.note(row.error_id, alias, success=True, strategy=standing.strategy)
        entries = [trail.entry(Event.REFUSED, row, now, one.says, one) for one in others]
        says = f"{message}. Action {standing.pk} was applied for another error."
        trail.write([*entries, trail.entry(Event.DECIDED, row, now, says)], alias, counts)


def _propose(
    row: Recovery,
    decision: Decision,
    chosen: Chosen,
    begun: list[RecoveryAction],
    desk: Desk,
    reason: str = "It does not act by itself here.",
) -> None:
    """Say what would be done, and wait for somebody's approval."""
    now, alias = desk.now(), desk.alias
    others = deciding.refused(row, decision, begun, now)
    action = _action(row, chosen, len(begun) + len(others), now)
    message = f"Proposed: {label(action.strategy)}. {reason} It waits for approval."
    desk.step("propose")
    with transaction.atomic(using=alias, durable=True):
        RecoveryAction.objects.using(alias).bulk_create([*others, action])
        values = _decided(row, decision, now)
        counts = trail.analysed(row, now)
        holding.save(row, alias, state=State.PROPOSED, strategy=action.strategy, message=message, **values)
        entries = [trail.entry(Event.REFUSED, row, now, one.says, one) for one in others]
        counts[("action", action.strategy, "proposed")] = 1
        trail.write([*entries, trail.entry(Event.PROPOSED, row, now, action.plan, action)], alias, counts)


def _refuse(row: Recovery, action: RecoveryAction, others: list[RecoveryAction], reason: str, desk: Desk) -> None:
    """Write down what was chosen and could not be done after all; something else may be."""
    now, alias = desk.now(), desk.alias
    action.state, action.says, action.ended_at = ActionState.REFUSED, reason, now
    action.performing_at, action.undo, action.facts = None, None, {}
    with transaction.atomic(using=alias, durable=True):
        holding.save(row, alias, state=State.REQUESTED)
        RecoveryAction.objects.using(alias).bulk_create([*others, action])
        entries = [trail.entry(Event.REFUSED, row, now, one.says, one) for one in [*others, action]]
        trail.write(entries, alias, {("action", action.strategy, "refused"): 1})


def _turn_down(row: Recovery, action: RecoveryAction, reason: str, desk: Desk) -> None:
    """Write down what was approved and could not be done; something else may be."""
    now, alias = desk.now(), desk.alias
    with transaction.atomic(using=alias, durable=True):
        orders.change(action, alias, ActionState.APPROVED, state=ActionState.REFUSED, says=reason, ended_at=now)
        holding.save(row, alias, state=State.REQUESTED, message="")
        counts = {("action", action.strategy, "refused"): 1}
        trail.write([trail.entry(Event.REFUSED, row, now, reason, action)], alias, counts)


def _lapse(row: Recovery, actions: list[RecoveryAction], desk: Desk) -> None:
    """End proposals about which nobody decided, or whose reason went away."""
    now, alias = desk.now(), desk.alias
    cleared = row.outcome == Outcome.CLEARED
    why = "The signal cleared without it." if cleared else "Nobody decided about it in time."
    message = f"Nothing was done: {why}"
    with transaction.atomic(using=alias, durable=True):
        for action in actions:
            orders.change(action, alias, ActionState.PROPOSED, state=ActionState.LAPSED, says=why, ended_at=now)
        holding.save(row, alias, success=False, message=message)
        entries = [trail.entry(Event.LAPSED, row, now, why, one) for one in actions]
        trail.write(entries, alias, {("action", one.strategy, "lapsed"): 1 for one in actions})

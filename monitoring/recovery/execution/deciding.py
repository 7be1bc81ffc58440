"""Deciding what is done about a case: what may, what can, what the policy chooses of it, and who has to agree."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitoring.recovery import guardrails, policy, switch
from monitoring.recovery.guardrails import Mode
from monitoring.recovery.models import Recovery, RecoveryAction
from monitoring.recovery.states import OPEN, ActionState, State
from monitoring.recovery.strategies import registry
from monitoring.recovery.strategies.base import Case, InForceError, Plan, RefusedError, Strategy

from . import case as cases
from . import limits
from .case import Known
from .desk import Desk

logger = logging.getLogger("monitoring.recovery")
ERROR_WAIT_SECONDS = 10
"""An error that somebody asks for may be recorded a moment after that; for so long it is waited for."""
UNDER_WAY_SECONDS = 10
"""For so long it is waited for what somebody does just now for another error, and would be done for this one."""


@dataclass(frozen=True)
class Chosen:
    """What is to be done: by which strategy, according to which plan, and whether it acts or is proposed."""

    strategy: Strategy
    plan: Plan
    mode: Mode


@dataclass(frozen=True)
class Decision:
    """What was decided.

    Attributes:
        known: The case.
        choice: What the policy chose among, and why.
        chosen: What is to be done; None for nothing.
        standing: What was done for another case and is in effect for this one, too; then nothing more is.
        refusals: Why others do not act, by strategy.
        says: Why nothing is done, where nothing is.
    """

    known: Known
    choice: policy.Choice | None = None
    chosen: Chosen | None = None
    standing: RecoveryAction | None = None
    refusals: dict[str, str] = field(default_factory=dict)
    says: str = ""


def decide(row: Recovery, begun: Sequence[RecoveryAction], now: datetime, desk: Desk) -> Decision | None:
    """Decide what is done next about a case; nothing is changed.

    Args:
        row: The recovery.
        begun: What was tried already, which is not tried again.
        now: The time.
        desk: What recoveries are carried out with.

    Returns:
        The decision; None where the error may still be on its way to the log, or its remedy into effect.
    """
    known = cases.load(row, desk.alias)
    if not known.logged and not row.error_type:
        if (now - row.requested_at).total_seconds() < ERROR_WAIT_SECONDS:
            return None
        return Decision(known, says="The error log has no such error.")
    if says := _is_off(desk):
        return Decision(known, says=says)
    refusals = {one.strategy: one.says for one in begun}
    taken = {one.target for one in begun if one.state == ActionState.REFUSED and one.target}
    plans = _plans(known, refusals, taken, now, desk)
    history = policy.history(known.case.error_type, environment=known.case.environment, alias=desk.alias)
    modes = {
        name: guardrails.mode_of(strategy, known.case.environment, desk.config) for name, (strategy, _) in plans.items()
    }
    # What may act at once comes before what waits for somebody, wherever it stands in the order.
    able = [name for name in plans if modes[name] == Mode.ACT]
    standing = None if able or not taken else _standing(known, taken, now, desk)
    in_effect = standing is not None and standing.state == ActionState.EXECUTED
    if in_effect or (standing is not None and (now - row.requested_at).total_seconds() < UNDER_WAY_SECONDS):
        return Decision(known, standing=standing, refusals=refusals) if in_effect else None
    choice = policy.choose(known.case, able or list(plans), history, desk.random, desk.config)
    if choice.arm == policy.NONE or choice.arm not in plans:
        return Decision(known, choice, refusals=refusals, says=_nothing(choice, plans, refusals, known.case))
    strategy, plan = plans[choice.arm]
    return Decision(known, choice, Chosen(strategy, plan, modes[choice.arm]), refusals=refusals)


def _is_off(desk: Desk) -> str:
    """Return why nothing is done by anybody here; empty where something may be. Visitors may read it."""
    if desk.config.recovery == "off":
        return "Recovery is off (MONITORING['RECOVERY'])."
    return "Recovery is switched off." if switch.read(desk.alias).off else ""


def leader_of(row: Recovery, known: Known, alias: str) -> Recovery | None:
    """Return the recovery of the same fault that is under way already, if there is one; that which came first leads.

    Args:
        row: A recovery of which it was not known before what fault it is of.
        known: Its case.
        alias: The write database.
    """
    if row.fingerprint or not known.case.fingerprint:
        return None
    fault = {"service": known.case.service, "fingerprint": known.case.fingerprint}
    others = Recovery.objects.using(alias).filter(state__in=OPEN, **fault).exclude(pk=row.pk)
    return others.exclude(state=State.REQUESTED, requested_at__gt=row.requested_at).order_by("requested_at").first()


def _standing(known: Known, targets: set[str], now: datetime, desk: Desk) -> RecoveryAction | None:
    """Return what is in effect on some targets, if it is what may be done about this case and did not fail to help."""
    unhelpful = limits.unhelpful(known.case.service, known.case.fingerprint, now, desk.alias)
    allowed = guardrails.limited_to(known.strategies, known.blame)
    return limits.standing(targets, [name for name in allowed if name not in unhelpful], now, desk.alias)


def _plans(
    known: Known, refusals: dict[str, str], taken: set[str], now: datetime, desk: Desk
) -> dict[str, tuple[Strategy, Plan]]:
    """Return what could be done, in the documented order.

    Why the rest cannot is added to the refusals, and the targets that others hold to those that are taken.
    """
    case = known.case
    allowed = guardrails.limited_to(known.strategies, known.blame)
    for name in known.strategies:
        if name not in allowed:
            refusals.setdefault(name, "The trouble is the client's: nothing but its own throttle is considered.")
    unhelpful = limits.unhelpful(case.service, case.fingerprint, now, desk.alias)
    plans: dict[str, tuple[Strategy, Plan]] = {}
    for name in allowed:
        strategy = registry.get(name)
        if name in refusals:
            continue
        if name in unhelpful:
            refusals[name] = unhelpful[name]
        elif strategy is None:
            refusals[name] = "There is no strategy of this name here."
        elif isinstance(planned := _plan(strategy, case, desk), Plan):
            plans[name] = (strategy, planned)
        else:
            refusals[name] = str(planned)
            taken |= {planned.target} if isinstance(planned, InForceError) else set()
    held = limits.held((plan.target for _, plan in plans.values()), now, desk.config, desk.alias) if plans else {}
    for name, (_, plan) in list(plans.items()):
        if plan.target in held:
            refusals[name] = held[plan.target]
            taken.add(plan.target)
            del plans[name]
    return plans


def _plan(strategy: Strategy, case: Case, desk: Desk) -> Plan | RefusedError:
    """Return what a strategy would do, or why it cannot."""
    try:
        return strategy.plan(case, desk.site)
    except RefusedError as error:
        return error
    except Exception as error:  # a strategy that fails to look must not keep the others from theirs
        logger.exception("%s could not look at %s", strategy.name, case.error_id)
        return RefusedError(f"It could not look what can be done: {type(error).__name__}: {error}")


def _nothing(choice: policy.Choice, plans: object, refusals: dict[str, str], case: Case) -> str:
    if plans:
        return choice.words
    if not refusals:
        return f"There is no remedy for {case.error_type}."
    return " ".join(f"{label(name)}: {reason}" for name, reason in refusals.items())


def label(name: str) -> str:
    """Return a strategy's name as people write it."""
    strategy = registry.get(name)
    return strategy.label if strategy is not None else name.replace("_", " ").title()


def refused(row: Recovery, decision: Decision, begun: Sequence[RecoveryAction], now: datetime) -> list[RecoveryAction]:
    """Return the actions that could not be done, as rows to be written.

    Args:
        row: The recovery.
        decision: With the refusals.
        begun: The actions that have rows already.
        now: The time.
    """
    written = {one.strategy for one in begun}
    new = [(name, reason) for name, reason in decision.refusals.items() if name not in written]
    return [
        RecoveryAction(
            recovery=row,
            ordinal=len(begun) + place,
            strategy=name,
            state=ActionState.REFUSED,
            says=reason,
            created=now,
            ended_at=now,
        )
        for place, (name, reason) in enumerate(new)
    ]

"""Read from the rows of recoveries what became of them."""

from __future__ import annotations

from django.db import router
from django.db.models import Exists, OuterRef, Q, QuerySet

from monitoring.recovery.models import Recovery, RecoveryAction
from monitoring.recovery.states import Outcome as Judged
from monitoring.recovery.states import State

from .choice import NONE
from .outcomes import History, Outcome

MOST = 500
"""So many outcomes are read at most; what is older weighs less than a tenth."""


def history(error_type: str, *, environment: str = "", alias: str | None = None) -> History:
    """Return what became of the cases of an error type, by one query of bounded size.

    A case is untreated if no strategy took effect, whyever: also where one was only proposed, was refused or failed.
    It is not while an action for an earlier case of the same fault is still in effect, nor where one for another fault
    was found to be (it succeeded without a treatment of its own); then it says nothing, as what joined another case
    does, and what nobody could judge.

    Args:
        error_type: As in `Case.error_type`.
        environment: Only those of this environment; empty for all.
        alias: The database; the one for writing by default.
    """
    alias = alias or router.db_for_write(Recovery)
    rows = Recovery.objects.using(alias).filter(
        error_type=error_type,
        state=State.SETTLED,
        outcome__in=(Judged.CLEARED, Judged.PERSISTED),
        leader=None,
    )
    mine = rows.filter(environment=environment) if environment else rows
    mine = mine.filter(Q(treated=True) | ~Q(success=True) & ~Exists(_in_effect(alias)))
    latest = mine.order_by("-settled_at").values_list("treated", "strategy", "outcome")[:MOST]
    outcomes = [Outcome(arm if treated else NONE, judged == Judged.CLEARED) for treated, arm, judged in latest]
    return History(outcomes[::-1])


def _in_effect(alias: str) -> QuerySet[RecoveryAction]:
    """Return the actions for other cases of a fault that were in effect while a case of it was watched."""
    fault = {"recovery__service": OuterRef("service"), "recovery__fingerprint": OuterRef("fingerprint")}
    others = RecoveryAction.objects.using(alias).filter(**fault, executed_at__lt=OuterRef("settled_at"))
    return others.filter(Q(ended_at=None) | Q(ended_at__gt=OuterRef("watched_from"))).exclude(recovery=OuterRef("pk"))

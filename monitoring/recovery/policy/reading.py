"""Read from the rows of recoveries what became of them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import router
from django.db.models import Q

from monitoring.recovery.models import Recovery, RecoveryAction
from monitoring.recovery.states import Outcome as Judged
from monitoring.recovery.states import State

from .choice import NONE
from .outcomes import History, Outcome

MOST = 500
"""So many outcomes are read at most; what is older weighs less than a tenth."""


class _Case(NamedTuple):
    """What became of a case, and when it was watched."""

    pk: uuid.UUID
    treated: bool
    strategy: str
    outcome: str
    service: str
    fingerprint: str
    watched_from: datetime | None
    settled_at: datetime


class _Effect(NamedTuple):
    """When an action was in effect."""

    recovery: uuid.UUID
    executed_at: datetime
    ended_at: datetime | None

    def was_at(self, case: _Case) -> bool:
        """Whether it was while another case was watched."""
        late = self.ended_at is None or (case.watched_from is not None and self.ended_at > case.watched_from)
        return self.recovery != case.pk and self.executed_at < case.settled_at and late


def history(error_type: str, *, environment: str = "", alias: str | None = None) -> History:
    """Return what became of the cases of an error type, by two queries of bounded size.

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
    mine = mine.filter(Q(treated=True) | ~Q(success=True))
    latest = [_Case(*one) for one in mine.order_by("-settled_at").values_list(*_Case._fields)[:MOST]]
    effects = _effects([one for one in latest if not one.treated], alias)
    outcomes = [
        Outcome(one.strategy if one.treated else NONE, one.outcome == Judged.CLEARED)
        for one in latest
        if one.treated or not any(effect.was_at(one) for effect in effects.get((one.service, one.fingerprint), ()))
    ]
    return History(outcomes[::-1])


def _effects(untreated: Sequence[_Case], alias: str) -> dict[tuple[str, str], list[_Effect]]:
    """Return by fault when actions were in effect, the latest of them, as far as they can concern these cases."""
    found: dict[tuple[str, str], list[_Effect]] = defaultdict(list)
    if not untreated:
        return found
    actions = RecoveryAction.objects.using(alias).filter(
        recovery__service__in={one.service for one in untreated},
        recovery__fingerprint__in={one.fingerprint for one in untreated},
        executed_at__lt=max(one.settled_at for one in untreated),
    )
    watched = [one.watched_from for one in untreated if one.watched_from is not None]
    lasting = Q(ended_at=None) | Q(ended_at__gt=min(watched)) if watched else Q(ended_at=None)
    columns = ("recovery__service", "recovery__fingerprint", "recovery_id", "executed_at", "ended_at")
    for service, fingerprint, *values in actions.filter(lasting).order_by("-executed_at").values_list(*columns)[:MOST]:
        found[service, fingerprint].append(_Effect(*values))
    return found

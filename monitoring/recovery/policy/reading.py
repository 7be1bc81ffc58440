"""Read from the rows of recoveries what became of them."""

from __future__ import annotations

from django.db import router

from monitoring.recovery.models import Recovery
from monitoring.recovery.states import Outcome as Judged
from monitoring.recovery.states import State

from .choice import NONE
from .outcomes import History, Outcome

MOST = 500
"""So many outcomes are read at most; what is older weighs less than a tenth."""


def history(error_type: str, *, environment: str = "", alias: str | None = None) -> History:
    """Return what became of the cases of an error type, by one query of bounded size.

    A case is untreated if no strategy took effect, whyever: also where one was only proposed, was refused or failed.
    What joined another case says nothing of its own, and what nobody could judge says nothing at all.

    Args:
        error_type: As in `Case.error_type`.
        environment: Only those of this environment; empty for all.
        alias: The database; the one for writing by default.
    """
    rows = Recovery.objects.using(alias or router.db_for_write(Recovery)).filter(
        error_type=error_type,
        state=State.SETTLED,
        outcome__in=(Judged.CLEARED, Judged.PERSISTED),
        leader=None,
    )
    mine = rows.filter(environment=environment) if environment else rows
    latest = mine.order_by("-settled_at").values_list("treated", "strategy", "outcome")[:MOST]
    outcomes = [Outcome(arm if treated else NONE, judged == Judged.CLEARED) for treated, arm, judged in latest]
    return History(outcomes[::-1])

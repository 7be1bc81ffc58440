"""Run a task that failed once more, from the message it started with, later with each attempt.

A callable is tried again by whoever calls it, in its own process: that is the decorator's, and nothing of it is here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from celery.app import app_or_default

from monitoring.jobs.actions import kind as actions
from monitoring.jobs.actions.carry_out import Desk, Requester, Wish, carry_out
from monitoring.jobs.actions.models import ABANDONED_SECONDS, Action, StoredMessage
from monitoring.jobs.actions.outcomes import ActionError, State
from monitoring.jobs.actions.outcomes import RefusedError as NotNowError
from monitoring.jobs.actions.rerun import Republish
from monitoring.jobs.actions.stored import opened

from .base import Applied, Case, Order, Plan, Reach, RefusedError, Seen, Site, Strategy
from .crew import at_work

ATTEMPT = "enginel_attempt"
"""Header of a message that is published again: how often that was done by then. It is stored with the message."""
_BY = Requester(user_id="recovery", user="recovery")
_SECONDS, _PAUSE = 2.0, 0.1
"""That a task failed is known a moment before its worker has let go of it, and before its run is recorded."""
_FRESH_SECONDS = 10.0


@dataclass(frozen=True)
class Retrying:
    """Which attempt it is, and how many seconds it waits in the worker before it begins."""

    attempt: int
    delay: float


class _Retry(Republish[Retrying]):
    """The re-run, delayed and counted."""

    name = "rerun"
    parameters = Retrying

    def options(self, parameters: Retrying) -> dict[str, Any]:
        """Add the delay, and the number of the attempt."""
        return {"countdown": parameters.delay, "headers": {ATTEMPT: parameters.attempt}}


class Retry(Strategy):
    """Each failed run is retried once at most, and what came of it as often as documented, in all."""

    name = "retry"
    label = "Retry"
    reach = Reach.HARMLESS
    success_rate = 0.75
    defaults = {"max_retries": 3, "retry_delay_ms": 1000, "exponential_backoff": True}
    transactional = False
    takes = 2.0 * ABANDONED_SECONDS  # before, nobody knows what came of a publisher that died

    def plan(self, case: Case, site: Site) -> Plan:
        """See that there is a message, that the task is over, and that attempts are left."""
        if not case.task_id:
            raise RefusedError("No task failed; what a request does is tried again by its caller, where that is safe.")
        attempt = self._attempt(case.task_id, site)
        delay = self.defaults["retry_delay_ms"] / 1000 * 2 ** (attempt - 1)
        with at_work(site) as there:
            _look(case, Retrying(attempt, delay), there)
        most = self.defaults["max_retries"]
        return Plan(
            target=f"task:{case.task_id}",
            parameters={**self.defaults, "attempt": attempt, "delay_ms": round(delay * 1000)},
            says=f"Run {case.name} {case.task_id} again in {delay:g} s: attempt {attempt} of {most}.",
        )

    def apply(self, order: Order, site: Site) -> Applied:
        """Publish its message, once, whoever carried this order out before."""
        wanted = order.plan.parameters
        retrying = Retrying(wanted["attempt"], wanted["delay_ms"] / 1000)
        wish = Wish(_Retry(), order.case.task_id, retrying, _BY, str(order.id))
        try:
            action = carry_out(wish, Desk(app_or_default(), site.config))
        except ActionError as error:
            raise RefusedError(str(error)) from error
        if action.told_state() in (State.REFUSED, State.FAILED, State.NO_EFFECT):
            raise RefusedError(action.told_detail())
        return Applied(action.told_detail(), facts={"action": str(action.pk), **action.facts})

    def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen:  # noqa: ARG002  # all are called alike
        """Tell what is known of the publishing."""
        action = Action.objects.using(site.alias).filter(user_id=_BY.user_id, key=str(order.id)).first()
        if action is None:
            return Seen(False, "It was not published again.")
        effect = {State.DONE: True, State.UNKNOWN: None, State.REQUESTED: None, State.PERFORMING: None}
        return Seen(effect.get(State(action.told_state()), False), action.told_detail(), action.facts)

    def undo(self, order: Order, undo: Mapping[str, Any], site: Site) -> str:  # noqa: ARG002  # all are called alike
        """Leave it: what was published may have run."""
        return "A task that was run again cannot be taken back."

    def _attempt(self, task_id: str, site: Site) -> int:
        """Return the number of the next attempt.

        Raises:
            RefusedError: There is no next one.
        """
        stored = StoredMessage.objects.using(site.alias).filter(pk=task_id).first()
        if stored is None:
            raise RefusedError(
                f"The message of {task_id} was not stored; those of tasks that CAPTURE_ARGUMENTS names are."
            )
        if stored.claimed is not None:
            raise RefusedError("This run was retried already; what came of it is a run of its own.")
        try:
            attempts = opened(stored).get("headers", {}).get(ATTEMPT, 0)
        except NotNowError as error:
            raise RefusedError(str(error)) from None
        attempts = attempts if isinstance(attempts, int) and attempts >= 0 else 0
        if attempts >= (most := self.defaults["max_retries"]):
            raise RefusedError(f"It failed again after {attempts} of {most} retries.")
        return attempts + 1


def _look(case: Case, retrying: Retrying, there: actions.Site) -> None:
    """Make sure that it can be run again; whose worker is only just done with it, a moment later.

    Raises:
        monitoring.jobs.actions.outcomes.ActionError: It cannot.
    """
    deadline = time.monotonic() + _SECONDS
    fresh = (datetime.now(UTC) - case.occurred).total_seconds() < _FRESH_SECONDS
    while True:
        try:
            _Retry().look(case.task_id, retrying, there)
        except NotNowError:
            if not fresh or time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return

"""Whether the message of a task may be published again: only when what was published before is known to have failed.

A message is claimed by the action that publishes it, by compare-and-set on the claim that was seen. What is seen must
be settled, and a settled claim stays so: nothing can come in between that the compare-and-set would not notice.
"""

from __future__ import annotations

import uuid

from monitoring.jobs.runs.models import LOST, RunningTask, TaskRun

from . import broker
from .holders import holders
from .kind import Site
from .models import Action, StoredMessage
from .outcomes import OPEN, RefusedError, State

REPEATABLE = ("FAILURE", LOST, "REVOKED", "REJECTED", "IGNORED")
"""How a run ends that may be tried again by hand."""
_MOST = 20
_PUBLISHED = (State.DONE, State.UNKNOWN)


def refuse_unless_settled(message: StoredMessage, queue: str, site: Site) -> None:
    """Make sure that nothing that was published from a message, nor from its re-runs, is on or may have succeeded.

    Args:
        message: The message; its claim must not be read again afterwards.
        queue: The queue that it goes to.
        site: Where.

    Raises:
        RefusedError: Something is, may be, or did succeed.
    """
    following: StoredMessage | None = message
    for _ in range(_MOST):
        if following is None or following.claimed is None:
            return
        task_id = _published(following.claimed, queue, site)
        following = StoredMessage.objects.filter(pk=task_id).first() if task_id else None
    raise RefusedError(f"It was run again {_MOST} times already.")


def _published(claim: uuid.UUID, queue: str, site: Site) -> str | None:
    """Return as what an action published the message, if it did; that one is over.

    Raises:
        RefusedError: It is not over, or did not fail.
    """
    action = Action.objects.filter(pk=claim).first()
    if action is None:
        raise RefusedError("It was run again already; what came of that is no longer known.")
    if action.state in OPEN and not action.abandoned:
        raise RefusedError("Somebody else is running it again just now.")
    if action.told_state() not in _PUBLISHED:
        return None
    task_id = str(action.before["task_id"])
    already = f"It was run again already, as {task_id}"
    if where := found(task_id, queue, site):
        raise RefusedError(f"{already}: {where}.")
    ended = ended_as(task_id)
    if ended is not None and ended not in REPEATABLE:
        raise RefusedError(f"{already}: it ended as {ended}.")
    # Whether an unknown one was published at all is for whoever asks again to judge; they were told so.
    if ended is None and action.state == State.DONE:
        raise RefusedError(f"{already}, which is not known to have failed.")
    return task_id


def found(task_id: str, queue: str, site: Site) -> str | None:
    """Say where a task is that was published again and is not over; None where it is not seen."""
    if broker.holds(site.remote.connection, queue, task_id):
        return f"it waits in {queue}"
    if held := holders(task_id, site):
        return where_held(held)
    if (began := RunningTask.objects.filter(task_id=task_id).first()) is not None:
        return f"it began in {began.worker}"
    return None


def ended_as(task_id: str) -> str | None:
    """Return the state in which the last known run of a task ended."""
    return TaskRun.objects.filter(task_id=task_id).order_by("-ended").values_list("state", flat=True).first()


def where_held(held: dict[str, str]) -> str:
    """Say which workers hold a task, and how."""
    return "; ".join(f"it is {state} in {node}" for node, state in sorted(held.items()))

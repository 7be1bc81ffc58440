"""Run a task again that failed or was lost, from the message that was stored when it started."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kombu import Producer
from rest_framework import serializers

from monitoring.jobs.runs.models import RunningTask, TaskRun
from monitoring.recording.messages import RERUN_OF

from . import claims
from .holders import holders
from .kind import Kind, Order, P, Site
from .models import StoredMessage
from .outcomes import BrokerAwayError, NoAnswerError, Outcome, RefusedError, State, UnknownTargetError
from .remote import errors_of, watch_for
from .stored import opened

_SECONDS = 1.0


@dataclass(frozen=True)
class Rerunning:
    """Nothing is to be chosen: what runs again is what was sent."""


class RerunningSerializer(serializers.Serializer[Any]):
    """Nothing."""


class Republish(Kind[P]):
    """The re-run of a task by whoever wants it: how it differs from the first run, `options` says."""

    def options(self, parameters: P) -> dict[str, Any]:  # noqa: ARG002  # who runs it by hand wants it as it was
        """Return what is published with the message beside what was stored; headers are added to the stored ones."""
        return {}

    def look(self, target: str, parameters: P, site: Site) -> dict[str, Any]:  # noqa: ARG002  # all kinds look alike
        """Make sure that there is a message, that the task is over, and that no earlier re-run of it may succeed."""
        stored = StoredMessage.objects.filter(pk=target).first()
        run = TaskRun.objects.filter(task_id=target).order_by("-ended").first()
        if stored is None:
            raise _not_stored(target, run)
        message = opened(stored)
        if held := holders(target, site):
            raise RefusedError(f"It is not over: {claims.where_held(held)}.")
        _refuse_unless_over(run)
        claims.refuse_unless_settled(stored, message["routing_key"], site)
        return {
            "task_id": str(uuid.uuid4()),
            "queue": message["routing_key"],
            "dropped": message.get("dropped", []),
            "claimed": str(stored.claimed) if stored.claimed else None,
        }

    def perform(self, order: Order[P], site: Site) -> str:
        """Publish it, once."""
        stored = StoredMessage.objects.filter(pk=order.target).first()
        if stored is None:
            raise RefusedError("Its message was dropped meanwhile: it succeeded, or its time was up.")
        unchanged = StoredMessage.objects.filter(pk=order.target, claimed=order.before["claimed"])
        if not unchanged.update(claimed=order.id):
            raise RefusedError("Somebody else is running it again just now.")
        connection = site.remote.connection
        try:
            _publish(opened(stored), order, self.options(order.parameters), site)
        except errors_of(connection) as error:
            raise NoAnswerError(f"The broker did not confirm the message: {error}") from error
        return "published"

    def verify(self, order: Order[P], said: str, site: Site) -> Outcome:
        """Look for the message in its queue, in the workers, and among the runs that were recorded."""
        task_id, queue = str(order.before["task_id"]), str(order.before["queue"])
        facts = {"task_id": task_id, "queue": queue, "dropped": order.before["dropped"]}
        where = watch_for(lambda: _seen(task_id, queue, site), _SECONDS if said else 0.0)
        apart = f"; without its {' and '.join(order.before['dropped'])}" if order.before["dropped"] else ""
        if where:
            return Outcome(State.DONE, f"Published as {task_id}{apart}: {where}.", facts)
        if said:
            return Outcome(State.DONE, f"Published as {task_id}{apart}; its start was not seen yet.", facts)
        return Outcome(State.UNKNOWN, f"{task_id} was not found: it was never published, or is over.", facts)


class Rerun(Republish[Rerunning]):
    """Publish the message of a task again, under a new id and outside of its group.

    What followed the task in a chain follows its new run. A group or chord has counted the task as failed, and must
    not count it again.
    """

    name = "rerun"
    parameters = Rerunning
    serializer = RerunningSerializer


def _not_stored(target: str, run: TaskRun | None) -> Exception:
    name = run.name if run else RunningTask.objects.filter(task_id=target).values_list("name", flat=True).first()
    if name is None:
        return UnknownTargetError(f"Nothing is known of a task {target}.")
    return RefusedError(
        f"The message of {target} was not stored. Those of {name} are when MONITORING['CAPTURE_ARGUMENTS'] names it."
    )


def _refuse_unless_over(run: TaskRun | None) -> None:
    """Refuse what may yet run by itself, and what succeeded."""
    if run is None:
        raise RefusedError("It is not known to have failed: it runs, waits to be delivered again, or succeeded.")
    if run.state == "RETRY":
        raise RefusedError("It will be tried again by itself.")
    if run.state not in claims.REPEATABLE:
        raise RefusedError(f"It ended as {run.state}, not in failure.")


def _seen(task_id: str, queue: str, site: Site) -> str | None:
    """Say where a task is that was published again, or how it ended; None where nothing was seen of it."""
    if where := claims.found(task_id, queue, site):
        return where
    ended = claims.ended_as(task_id)
    return f"it ended as {ended}" if ended else None


def _publish(message: dict[str, Any], order: Order[Any], more: Mapping[str, Any], site: Site) -> None:
    connection = site.remote.connection
    exchange, routing_key = message.get("exchange", ""), message["routing_key"]
    options: dict[str, Any] = {
        key: message[key] for key in ("time_limit", "soft_time_limit", "shadow") if key in message
    }
    if message.get("priority") is not None:
        options["priority"] = message["priority"]
    headers = {**message.get("headers", {}), **more.get("headers", {}), RERUN_OF: order.target}
    options |= {key: value for key, value in more.items() if key != "headers"}
    destination = {"exchange": exchange, "routing_key": routing_key} if exchange else {"queue": routing_key}
    try:
        channel = connection.default_channel
    except errors_of(connection) as error:
        raise BrokerAwayError(f"The broker went away: {error}") from error
    site.remote.app.send_task(
        message["name"],
        args=message["args"],
        kwargs=message["kwargs"],
        task_id=order.before["task_id"],
        producer=Producer(channel, auto_declare=False),
        root_id=message.get("root_id"),
        parent_id=message.get("parent_id"),
        chain=message.get("chain"),
        link=message.get("link"),
        link_error=message.get("link_error"),
        headers=headers,
        add_to_parent=False,
        retry=False,
        **destination,
        **options,
    )

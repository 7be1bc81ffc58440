"""Bring a task's messages forward: those that wait, and those that are published for a while."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from kombu import Connection

from monitoring.jobs.actions import broker
from monitoring.jobs.actions.outcomes import BrokerAwayError
from monitoring.jobs.actions.remote import Remote, errors_of
from monitoring.recording.celery.priority import KIND, LOWEST_FIRST
from monitoring.recovery import effects
from monitoring.stream.heartbeats import Heartbeat

from .base import Applied, Case, Order, Plan, Reach, RefusedError, Seen, Site, Strategy
from .crew import at_work
from .waiting import Lists

_SECONDS = 600.0


class QueuePriority(Strategy):
    """Among what waits in its queue, a task whose messages are held up comes before others.

    The number of its priority is divided by `boost_factor` where the lowest comes first, as on Redis, where also what
    waits already is moved; on RabbitMQ it is multiplied, up to what the queue knows, for messages to come.
    """

    name = "queue_priority"
    label = "Queue Priority"
    reach = Reach.HARMLESS
    success_rate = 0.70
    defaults = {"current_priority": "normal", "new_priority": "high", "boost_factor": 2}
    transactional = False

    def plan(self, case: Case, site: Site) -> Plan:
        """See that messages of the task wait, and that they can be brought forward."""
        if not (case.task_id and case.queue):
            raise RefusedError("It is about no task whose queue is known.")
        with at_work(site) as there:
            remote = there.remote
            lowest_first = _is_redis(remote.connection)
            before, after, waiting = (
                _on_redis(remote.connection, case, self.defaults["boost_factor"])
                if lowest_first
                else _on_rabbitmq(remote, case, self.defaults["boost_factor"])
            )
        moved = "those that wait and those to come" if lowest_first else "those to come"
        return Plan(
            target=f"priority:{case.service}:{case.name}",
            parameters={
                "current_priority": before,
                "new_priority": after,
                "boost_factor": self.defaults["boost_factor"],
                "queue": case.queue,
                "waiting": waiting,
                LOWEST_FIRST: lowest_first,
            },
            says=f"Raise messages of {case.name} from priority {before} to {after} for {_SECONDS / 60:g} minutes: "
            f"{moved}; {waiting} wait in {case.queue}.",
            seconds=_SECONDS,
        )

    def apply(self, order: Order, site: Site) -> Applied:
        """Tell those who publish, and move what waits."""
        wanted = order.plan.parameters
        after, queue = int(wanted["new_priority"]), str(wanted["queue"])
        value = {"priority": after, LOWEST_FIRST: wanted[LOWEST_FIRST], "order": str(order.id)}
        with transaction.atomic(using=site.alias):
            effects.put(KIND, order.case.name, value, order, alias=site.alias, seconds=_SECONDS)
        site.project()
        says, moved = f"Messages of {order.case.name} get priority {after}", 0
        if wanted[LOWEST_FIRST]:
            try:
                with at_work(site) as there, _telling(there.remote.connection):
                    moved = _raise(Lists(there.remote.connection, queue), order, after)
                says = f"{says}; {moved} that waited in {queue} were moved."
            except RefusedError as error:  # those who publish know already
                says = f"{says}; those that wait in {queue} could not be moved: {error}"
        return Applied(says, undo={"queue": queue}, facts={"moved": moved})

    def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen:
        """See whether messages were moved, or whether those who publish know."""
        row = effects.Effect.objects.using(site.alias).filter(action_id=order.id).first()
        if row is None:
            return Seen(False, "Nobody was told.")
        said = effects.acknowledgement(row, site, _publishes)
        moved = int(applied.facts.get("moved", 0)) if applied is not None else 0
        facts = {**said.facts(), "moved": moved}
        if moved:
            return Seen(True, f"{moved} messages were brought forward. {said.says()}", facts)
        return Seen(said.effect, said.says(), facts)

    def undo(self, order: Order, undo: Mapping[str, Any], site: Site) -> str:  # noqa: ARG002  # the order tells all
        """Tell those who publish, and move back what still waits."""
        with transaction.atomic(using=site.alias):
            effects.end(order.id, site.alias, by=self.name)
        site.project()
        wanted = order.plan.parameters
        if not wanted[LOWEST_FIRST]:
            return f"Messages of {order.case.name} get their own priority again."
        with at_work(site) as there, _telling(there.remote.connection):
            back = _lower(Lists(there.remote.connection, str(wanted["queue"])), order)
        return f"Messages of {order.case.name} get their own priority again; {back} that still wait were moved back."


def _on_redis(connection: Connection, case: Case, factor: int) -> tuple[int, int, int]:
    """Return the priority that most of a task's messages wait with, a better one, and how many wait in all."""
    with _telling(connection):
        lists = Lists(connection, case.queue)
        counts = Counter(one.step for one in lists.of(case.name))
    behind = {step: count for step, count in counts.items() if step != lists.steps[0]}
    if not counts:
        raise RefusedError(f"No message of {case.name} waits in {case.queue}.")
    if not behind:
        raise RefusedError(f"All {counts.total()} messages of {case.name} have the highest priority already.")
    before = max(behind, key=lambda step: (behind[step], step))
    return before, lists.step_of(before / factor), counts.total()


def _on_rabbitmq(remote: Remote, case: Case, factor: int) -> tuple[int, int, int]:
    """Return the priority that a task's messages have, a better one, and how many messages of all tasks wait."""
    kind = remote.connection.transport.driver_type
    if kind != "amqp":
        raise RefusedError(f"A broker of the kind {kind} knows no priorities that could be changed.")
    queues, app = remote.app.amqp.queues, remote.app
    queue = queues.get(case.queue)
    arguments: dict[str, Any] = getattr(queue, "queue_arguments", None) or {}
    most = getattr(queue, "max_priority", None) or arguments.get("x-max-priority")
    if queue is None or not most:
        raise RefusedError(f"{case.queue} has no x-max-priority here: RabbitMQ would bring nothing forward.")
    waiting = broker.depth(remote.connection, case.queue)
    if not waiting:
        raise RefusedError(f"Nothing waits in {case.queue}.")
    with _telling(remote.connection), remote.connection.channel() as channel:
        try:
            queue.bind(channel).queue_declare()
        except remote.connection.channel_errors as error:
            raise RefusedError(f"{case.queue} was declared otherwise than it is configured here: {error}") from None
    task = app.tasks.get(case.name)
    before = getattr(task, "priority", None) or app.conf.task_default_priority or 0
    after = min(int(most), max(1, int(before) * factor))
    if after <= before:
        raise RefusedError(f"Messages of {case.name} have the highest priority of {case.queue} already.")
    return int(before), after, waiting


def _raise(lists: Lists, order: Order, to: int) -> int:
    """Move what waits with a worse priority; what a worker takes meanwhile is gone already."""
    behind = [one for one in lists.of(order.case.name) if one.step > to]
    return lists.move(((one, one.at(to, f"{order.id};{one.priority}")) for one in behind), to)


def _lower(lists: Lists, order: Order) -> int:
    back = 0
    raised = [(one, one.raised) for one in lists.of(order.case.name)]
    for before in {of[1] for _, of in raised if of is not None and of[0] == str(order.id)}:
        mine = [one for one, of in raised if of == (str(order.id), before)]
        back += lists.move(((one, one.at(before, None)) for one in mine), lists.step_of(before))
    return back


def _publishes(one: Heartbeat) -> str | None:
    """Say whether a process publishes tasks that it would raise."""
    can = one.state.get("can")
    known = can.get("effects") if isinstance(can, dict) else None
    return None if isinstance(known, list) and KIND in known else "It publishes no tasks."


def _is_redis(connection: Connection) -> bool:
    return str(connection.transport.driver_type) == "redis"


@contextmanager
def _telling(connection: Connection) -> Iterator[None]:
    """Tell of a broker that goes away as the machinery of *Jobs* does."""
    try:
        yield
    except errors_of(connection) as error:
        raise BrokerAwayError(f"The broker went away: {error}") from error

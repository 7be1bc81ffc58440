"""Who is told of a transition of an incident, and when: decisions over values, without a database.

An alert is told once. Within the cooldown of its rule nobody is told again that the same thing fires: that waits until
the cooldown is over, and is told then if it still fires. Events of one key are the same thing; a state that was over
and begins anew is another one, or else that it is over would be the last word while it fires. What was not told is
counted, and told with the next message.
That something is over is told where it was told that it began, and nowhere else. What happened once, or lasted, and
could not be told in time is told afterwards, as something that is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.alerts.channels.base import Destination
from monitoring.alerts.incidents.models import TransitionKind
from monitoring.storage.outbox import OutgoingState

from .models import DeliveryKind

ALARMS = (DeliveryKind.FIRING, DeliveryKind.MILESTONE, DeliveryKind.ESCALATED)
"""What tells that an incident goes on."""
_COOLED = (DeliveryKind.FIRING, DeliveryKind.MILESTONE)
_LASTING = timedelta(minutes=5)
"""A state of which nobody could be told for so long is told of though it is over."""
_UNSETTLED = (OutgoingState.PENDING, OutgoingState.SENDING)
_WITHIN_COOLDOWN = "Held back: that it fires was told within the rule's cooldown."
_QUIETED = {
    TransitionKind.RESOLVED: (ALARMS, "It was over before this was sent."),
    TransitionKind.SILENCED: (ALARMS, "It was silenced before this was sent."),
    TransitionKind.INHIBITED: (ALARMS, "It was inhibited before this was sent."),
    TransitionKind.ACKNOWLEDGED: (
        (DeliveryKind.MILESTONE, DeliveryKind.ESCALATED),
        "It was acknowledged before this was sent.",
    ),
}
"""Which messages a transition makes needless, and why."""
QUIETING = tuple(_QUIETED)
"""Transitions that make messages needless that are not sent yet."""


@dataclass(frozen=True)
class Transition:
    """A transition of an incident, as far as it matters who is told.

    Attributes:
        kind: What happened.
        incident: Primary key of the incident.
        key: The incident's key.
        firing: Whether it fires now, and nobody has acknowledged it.
        muted: Whether a silence or an inhibition keeps it from being told.
        cooldown: For how long nobody is told again that it fires.
        event: Whether it is something that happened once, not a state that lasts.
    """

    kind: str
    incident: int
    key: str
    firing: bool
    muted: bool
    cooldown: timedelta
    event: bool = False


@dataclass(frozen=True)
class Told:
    """What a destination was told of an incident, or of an earlier one of the same key, or is going to be.

    Attributes:
        pk: Of the delivery.
        incident: Primary key of the incident.
        destination: Key of the destination.
        kind: Why it was told.
        state: How far that got.
        attempts: How often it was tried; then it may have arrived, whatever the state is.
        at: When it arrived, or else when it is due.
    """

    pk: int
    incident: int
    destination: str
    kind: str
    state: str
    attempts: int
    at: datetime


@dataclass(frozen=True)
class Step:
    """Something to be told to one destination.

    Attributes:
        destination: Its key.
        kind: Why it is told.
        due: When.
        held: Why it is not told after all; then it is only counted.
        follows: Primary key of the delivery that it must not overtake.
    """

    destination: str
    kind: DeliveryKind
    due: datetime
    held: str = ""
    follows: int | None = None


@dataclass(frozen=True)
class Decision:
    """What follows from a transition.

    Attributes:
        steps: What is to be told.
        needless: Deliveries that need not be sent any more, unless somebody is sending them by now.
        reason: Why they need not.
    """

    steps: tuple[Step, ...] = ()
    needless: tuple[int, ...] = ()
    reason: str = ""


_NOTHING = Decision()


def decide(
    transition: Transition, destinations: Sequence[Destination], told: Iterable[Told], now: datetime
) -> Decision:
    """Return what follows from a transition.

    Args:
        transition: What happened.
        destinations: Where incidents like this one go; for an escalation, where it is escalated to.
        told: What destinations were told of incidents of this key, or are going to be.
        now: The current time.
    """
    known = sorted(told, key=lambda one: one.pk)
    if transition.kind in _QUIETED:
        kinds, reason = _QUIETED[TransitionKind(transition.kind)]
        over = transition.kind == TransitionKind.RESOLVED
        steps = tuple(_resolved(transition, known, now)) if over else ()
        waiting = [one for one in _untried(transition, known) if one.kind in kinds]
        if over:
            closed = {step.destination for step in steps}
            waiting = [one for one in waiting if one.destination in closed or not _is_owed(transition, one, now)]
        return Decision(steps, tuple(one.pk for one in waiting), reason)
    if transition.muted or not transition.firing:
        return _NOTHING
    told_of = _TOLD_OF.get(transition.kind, _nobody)
    keys = dict.fromkeys(one.key for one in destinations)
    return Decision(tuple(step for key in keys for step in told_of(transition, key, known, now)))


def _nobody(*_: object) -> Iterable[Step]:
    return ()


def _escalated(_transition: Transition, key: str, _known: Sequence[Told], now: datetime) -> Iterable[Step]:
    yield Step(key, DeliveryKind.ESCALATED, now)


def _firing(transition: Transition, key: str, known: Sequence[Told], now: datetime) -> Iterable[Step]:
    if any(_is_waiting(one) for one in _of(transition.incident, key, known)):
        return
    yield Step(key, DeliveryKind.FIRING, max(now, _cool(transition, key, known) or now))


def _untold(transition: Transition, key: str, known: Sequence[Told], now: datetime) -> Iterable[Step]:
    told = _of(transition.incident, key, known)
    if not any(one.kind == DeliveryKind.FIRING and one.state == OutgoingState.SENT for one in told):
        yield from _firing(transition, key, known, now)


def _milestone(transition: Transition, key: str, known: Sequence[Told], now: datetime) -> Iterable[Step]:
    if any(_is_waiting(one) for one in _of(transition.incident, key, known)):
        return  # that it fires is yet to be told, and tells how often
    until = _cool(transition, key, known)
    yield Step(key, DeliveryKind.MILESTONE, now, held=_WITHIN_COOLDOWN if until is not None and until > now else "")


_TOLD_OF: Mapping[str, Callable[[Transition, str, Sequence[Told], datetime], Iterable[Step]]] = {
    TransitionKind.FIRING: _firing,
    TransitionKind.UNSILENCED: _firing,
    TransitionKind.UNINHIBITED: _firing,
    TransitionKind.UNACKNOWLEDGED: _untold,
    TransitionKind.MILESTONE: _milestone,
    TransitionKind.ESCALATED: _escalated,
}
"""Who is told of a transition of an incident that fires."""


def _resolved(transition: Transition, known: Sequence[Told], now: datetime) -> Iterable[Step]:
    mine = [one for one in known if one.incident == transition.incident]
    untried = _untried(transition, known)
    for key in dict.fromkeys(one.destination for one in mine):
        alarms = list(_since_resolved(one for one in mine if one.destination == key))
        tried = [one for one in alarms if one.state in _UNSETTLED and one not in untried]
        if any(one.state == OutgoingState.SENT for one in alarms):
            yield Step(key, DeliveryKind.RESOLVED, now)
        elif tried:
            yield Step(key, DeliveryKind.RESOLVED, now, follows=tried[-1].pk)


def _is_owed(transition: Transition, one: Told, now: datetime) -> bool:
    """Whether a message that nobody tried to send is owed to its readers, though what it tells of is over.

    What is held back by a cooldown is not: something like it was told.
    """
    late = timedelta(0) if transition.event else _LASTING
    return one.kind == DeliveryKind.FIRING and one.at + late <= now


def _untried(transition: Transition, known: Iterable[Told]) -> list[Told]:
    """Return what nobody has tried to send yet of an incident."""
    mine = (one for one in known if one.incident == transition.incident)
    return [one for one in mine if one.state == OutgoingState.PENDING and not one.attempts]


def _since_resolved(known: Iterable[Told]) -> Iterable[Told]:
    """Return what was told of an incident since it was told that it is over."""
    alarms: list[Told] = []
    for one in known:
        alarms = [] if one.kind == DeliveryKind.RESOLVED else [*alarms, one]
    return alarms


def _of(incident: int, key: str, known: Iterable[Told]) -> Iterable[Told]:
    return (one for one in known if one.incident == incident and one.destination == key)


def _is_waiting(one: Told) -> bool:
    return one.kind == DeliveryKind.FIRING and one.state in _UNSETTLED


def _cool(transition: Transition, key: str, known: Iterable[Told]) -> datetime | None:
    """Return until when nobody is told again there that this fires."""
    same = (one for one in known if transition.event or one.incident == transition.incident)
    told = [
        one.at
        for one in same
        if one.destination == key and one.kind in _COOLED and one.state in (*_UNSETTLED, OutgoingState.SENT)
    ]
    return max(told) + transition.cooldown if told else None

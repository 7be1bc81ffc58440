"""Sending what is due to one destination: taken, rendered, sent, settled.

Nothing is marked before it is sent, which would lose it, nor sent without a lease, which would double it. Who ends
anywhere in between leaves a lease that expires; whoever comes next sends it again, with the same key.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, transaction

from monitoring.alerts.channels.base import Message, PermanentError, SendError, TemporaryError
from monitoring.alerts.channels.limited import call
from monitoring.recording import scrub
from monitoring.storage import outbox
from monitoring.storage.outbox import OutgoingState

from . import messages, parcels
from .desk import Desk
from .gates import Gate
from .models import AlertDigest, Delivery
from .parcels import Parcel

_MESSAGES, _SECONDS = 50, 30.0
_GONE = "There is no such channel any more, or it is switched off."
_NOT_TAKEN = "It was not taken, though others were: what it told of is sent by itself."
_MAX_PROBLEM, _MOST_TOGETHER = 400, 6
"""Attempts after which a digest is taken apart that is not taken though others are."""
_logger = logging.getLogger(__name__)


def serve(key: str, desk: Desk) -> int:
    """Send what is due to a destination, unless somebody else is at it.

    Args:
        key: Of the destination.
        desk: What messages are sent with.

    Returns:
        How many messages were sent.
    """
    gate = Gate(key, desk.alias)
    desk.step("take the way")
    if not gate.enter(desk.now()):
        return 0
    sent, ends = 0, time.monotonic() + _SECONDS
    try:
        while sent < _MESSAGES and time.monotonic() < ends and gate.keep(desk.now()):
            parcel = _next(gate, desk)
            if parcel is None:
                break
            if not _send(parcel, gate, desk):
                if gate.row.failures:
                    break
                continue
            sent += 1
            if parcel.is_digest:  # what happens from now on is gathered again
                gate.rest(desk.now() + timedelta(seconds=desk.config.digest_rest_seconds))
                break
        return sent
    finally:
        gate.leave()


def _next(gate: Gate, desk: Desk) -> Parcel | None:
    """Take what is sent next; None when nothing is, or nothing may be."""
    now = desk.now()
    if gate.bucket.at(now) < 1.0:
        gate.rest(gate.bucket.ready(now))
        return None
    parcel = parcels.take(gate, desk)
    if parcel is not None:
        gate.spend(now)
    return parcel


def _send(parcel: Parcel, gate: Gate, desk: Desk) -> bool:
    """Send a parcel, and note what came of it; return whether it arrived."""
    try:
        desk.step("render the message")
        message = messages.message(parcel, gate.row, desk)
        desk.step("send the message")
        _hand_over(message, gate, desk)
    except TemporaryError as error:
        _failed(parcel, gate, desk, str(error), error.retry_after)
        return False
    except SendError as error:
        _refused(parcel, gate, desk, str(error))
        return False
    except (DatabaseError, InterfaceError):  # the lease expires, and it is tried again
        raise
    except Exception as error:  # a mistake of ours, which must not keep other messages waiting
        _logger.exception("A message to %s could not be made or sent", gate.row.label)
        _failed(parcel, gate, desk, f"It failed with {type(error).__name__}.", None)
        return False
    desk.step("note that it was sent")
    _settle(parcel, desk, OutgoingState.SENT)
    desk.step("note that the channel goes")
    gate.passed()
    return True


def _hand_over(message: Message, gate: Gate, desk: Desk) -> None:
    channel = desk.channel(gate.row.key)
    if channel is None:
        raise PermanentError(_GONE)
    call(gate.row.key, gate.row.label, lambda: channel.send(message), desk.attempt_seconds)


def _failed(parcel: Parcel, gate: Gate, desk: Desk, problem: str, retry_after: float | None) -> None:
    """Note a failure: the destination is left alone for a while, and the message at least as long."""
    problem = scrub.text(problem, _MAX_PROBLEM)
    _logger.warning("A message to %s was not sent: %s", gate.row.label, problem)
    spared = retry_after is None and _is_to_blame(parcel, gate)
    if spared and parcel.is_digest and parcel.row.attempts >= _MOST_TOGETHER:
        _take_apart(parcel, desk, problem)
        return
    pause = 0.0 if spared else gate.failed(problem, retry_after, desk.now())
    with transaction.atomic(using=desk.alias, durable=True):
        held = outbox.failed(parcel.row, problem, max(pause, outbox.wait(parcel.row)), desk.now())
        if held and parcel.row.attempts >= parcel.row.max_attempts:
            _settle_told(parcel, desk, OutgoingState.DEAD, problem)


def _take_apart(parcel: Parcel, desk: Desk, problem: str) -> None:
    """Have what a digest tells of sent by itself: one of it, which the receiver cannot take, holds up all the others.

    Should the digest have arrived after all, that is told twice; what is critical would be told to nobody otherwise.
    """
    with transaction.atomic(using=desk.alias, durable=True):
        if outbox.drop(parcel.row, _NOT_TAKEN, desk.now()):
            told = Delivery.objects.using(desk.alias).filter(digest_id=parcel.row.pk, state=OutgoingState.SENDING)
            told.update(digest=None, state=OutgoingState.PENDING, next_at=desk.now(), last_error=problem)


def _refused(parcel: Parcel, gate: Gate, desk: Desk, problem: str) -> None:
    problem = scrub.text(problem, _MAX_PROBLEM)
    _logger.warning("A message to %s was refused: %s", gate.row.label, problem)
    _settle(parcel, desk, OutgoingState.DEAD, problem)
    if not _is_to_blame(parcel, gate):
        gate.failed(problem, None, desk.now())


def _is_to_blame(parcel: Parcel, gate: Gate) -> bool:
    """Whether it is the message that fails, not its destination: it failed before, and others arrived meanwhile."""
    return parcel.row.attempts > 1 and not gate.row.failures


def _settle(parcel: Parcel, desk: Desk, state: OutgoingState, problem: str = "") -> None:
    with transaction.atomic(using=desk.alias, durable=True):
        if state == OutgoingState.SENT:
            held = outbox.sent(parcel.row, desk.now())
        else:
            held = outbox.refuse(parcel.row, problem, desk.now())
        if held:
            _settle_told(parcel, desk, state, problem)


def _settle_told(parcel: Parcel, desk: Desk, state: OutgoingState, problem: str) -> None:
    if isinstance(parcel.row, AlertDigest):
        told = Delivery.objects.using(desk.alias).filter(digest=parcel.row, state=OutgoingState.SENDING)
        told.update(state=state, settled=desk.now(), last_error=problem)

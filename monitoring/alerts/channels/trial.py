"""Sends a test to a destination at once, past rules, incidents and deliveries, and says what came of it."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from . import registry, routing, texts
from .base import Channel, Destination, Message, MessageKind, PermanentError, TemporaryError
from .models import AlertChannel

_SECONDS = 15.0
"""After so many no further destination of a channel is tried: somebody waits for the answer."""
_NO_TIME = "It was not tried: the others took too long."


class Result(StrEnum):
    """What came of a test."""

    SENT = "sent"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True)
class Outcome:
    """What came of a test at one destination.

    Attributes:
        label: Of the destination.
        result: `sent`; `failed`, when the next attempt may do; or `refused`.
        detail: Why, without secrets; empty when it was sent.
    """

    label: str
    result: Result
    detail: str = ""


def send_test(channel: AlertChannel, who: str) -> list[Outcome]:
    """Send a test to each destination of a row, be it enabled or not.

    Args:
        channel: The row; it need not be saved.
        who: Name of whoever wants it, which the message tells.
    """
    if found := registry.problems(channel.kind, channel.settings):
        return [Outcome(channel.name, Result.REFUSED, " ".join(found))]
    made, until = routing.of_row(channel), time.monotonic() + _SECONDS
    return [
        _tried(label, made[part], who) if time.monotonic() < until else Outcome(label, Result.FAILED, _NO_TIME)
        for part, label in routing.parts(channel)
        if part in made
    ]


def send_test_to(destination: Destination, who: str) -> Outcome:
    """Send a test to any destination, such as a recipient of the settings."""
    channel = routing.destination(destination.key)
    if channel is None:
        return Outcome(destination.label, Result.REFUSED, "It is gone, disabled, or its settings are wrong.")
    return _tried(destination.label, channel, who)


def message(who: str) -> Message:
    """Return the test."""
    return Message(
        kind=MessageKind.TEST,
        title="Enginel reaches you",
        severity="low",
        incidents=(),
        idempotency_key=str(uuid.uuid4()),
        at=datetime.now(UTC),
        reason=f"{texts.line(who, 100) or 'Somebody'} asked for it.",
    )


def _tried(label: str, channel: Channel, who: str) -> Outcome:
    try:
        channel.send(message(who))
    except TemporaryError as error:
        return Outcome(label, Result.FAILED, str(error))
    except PermanentError as error:
        return Outcome(label, Result.REFUSED, str(error))
    return Outcome(label, Result.SENT)

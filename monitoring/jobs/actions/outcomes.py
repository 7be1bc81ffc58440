"""How an action can end, and why one cannot be carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models


class State(models.TextChoices):
    """How far an action got. Those after `performing` are final."""

    REQUESTED = "requested"
    PERFORMING = "performing"
    DONE = "done"
    NO_EFFECT = "no_effect", "no effect"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


OPEN = (State.REQUESTED, State.PERFORMING)


@dataclass(frozen=True)
class Outcome:
    """What came of an action.

    Attributes:
        state: A final one.
        detail: The same in words.
        facts: Numbers and ids, as plain JSON.
    """

    state: State
    detail: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class ActionError(Exception):
    """An action cannot be carried out; the message says why."""


class UnknownTargetError(ActionError):
    """Nobody knows the task, queue or worker it is about."""


class RefusedError(ActionError):
    """It cannot be done to this target, or not now; nothing was changed."""


class BrokerAwayError(ActionError):
    """The broker, or the Redis that holds the heartbeats, does not answer."""


class NoAnswerError(ActionError):
    """A worker was told and has not answered: whether it will do it is unknown."""

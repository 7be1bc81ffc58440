"""How far a recovery and each of its actions got, and what came of them."""

from __future__ import annotations

from django.db import models


class Trigger(models.TextChoices):
    """Who asked for a recovery."""

    AUTOMATIC = "automatic"
    MIDDLEWARE = "middleware"
    DECORATOR = "decorator"
    CONTEXT = "context"
    MANUAL = "manual"
    PREVENTIVE = "preventive"


class State(models.TextChoices):
    """How far a recovery got.

    `requested` → (`executing` | `proposed` | `soaking`); a proposal that is approved is `executing`; what took effect,
    and what was left alone, is `soaking` until its signal is judged; `settled` is the end. `joined` stands beside:
    another recovery of the same fault was under way, and its answer is this one's.
    """

    REQUESTED = "requested"
    PROPOSED = "proposed"
    EXECUTING = "executing"
    SOAKING = "soaking"
    SETTLED = "settled"
    JOINED = "joined"


OPEN = (State.REQUESTED, State.PROPOSED, State.EXECUTING, State.SOAKING)
"""States in which something is still to be done."""


class Outcome(models.TextChoices):
    """What became of the signal; empty while that is not known."""

    CLEARED = "cleared"
    PERSISTED = "persisted"
    UNKNOWN = "unknown"


class ActionState(models.TextChoices):
    """How far an action got.

    `proposed` → (`approved` | `rejected` | `lapsed`); `approved` → `performing` → (`executed` | `failed` | `refused`);
    `executed` → (`rolled_back` | `roll_back_failed` | `ended`).
    """

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    """Nobody decided about the proposal in time, or its reason went away."""
    PERFORMING = "performing"
    """It may have been done; whether it took effect is not known yet."""
    EXECUTED = "executed"
    """Its targets acknowledged it, or its effect was observed."""
    FAILED = "failed"
    """It did not take effect; what was done of it was taken back."""
    REFUSED = "refused"
    """It cannot be done here; nothing was changed."""
    ROLLED_BACK = "rolled_back"
    ROLL_BACK_FAILED = "roll_back_failed"
    """It could not be taken back: somebody has to look."""
    ENDED = "ended"
    """Its time was over, or there is nothing of it that lasts."""


STANDING = (ActionState.PERFORMING, ActionState.EXECUTED, ActionState.ROLL_BACK_FAILED)
"""States in which an action holds its target."""
ACTED = (*STANDING, ActionState.FAILED, ActionState.ROLLED_BACK, ActionState.ENDED)
"""States of actions that were begun."""


class Event(models.TextChoices):
    """What an entry of the audit trail tells."""

    DECIDED = "decided"
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    PERFORMING = "performing"
    EXECUTED = "executed"
    FAILED = "failed"
    REFUSED = "refused"
    ROLLED_BACK = "rolled_back"
    ROLL_BACK_FAILED = "roll_back_failed"
    ENDED = "ended"
    SETTLED = "settled"
    ESCALATED = "escalated"
    SWITCHED_OFF = "switched_off"
    SWITCHED_ON = "switched_on"

"""How far incidents are, and what their histories tell. Words that the pure core and the rows share."""

from __future__ import annotations

from enum import StrEnum


class IncidentState(StrEnum):
    """How far an incident is."""

    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class TransitionKind(StrEnum):
    """What an entry of an incident's history tells."""

    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    RESOLVED = "resolved"
    ESCALATED = "escalated"
    MILESTONE = "milestone"
    SILENCED = "silenced"
    UNSILENCED = "unsilenced"
    INHIBITED = "inhibited"
    UNINHIBITED = "uninhibited"
    FLAPPING = "flapping"
    SETTLED = "settled"
    COMMENT = "comment"


TOLD = frozenset({IncidentState.FIRING, IncidentState.ACKNOWLEDGED})
"""States in which an incident is known to people, unless something keeps it from being told."""

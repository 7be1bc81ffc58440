"""What may be done at all, whatever a policy would choose: by whom the trouble is, and who has to agree.

Pure functions over values; limits that concern several actions are `execution.limits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from monitoring.classification import ErrorType
from monitoring.conf import Config

from .strategies.base import Strategy

THROTTLE = "request_throttle"
"""All that is ever done about what clients do wrong: their own client is slowed down."""
_THEIRS = frozenset(
    {
        ErrorType.VALIDATION_ERROR,
        ErrorType.AUTHENTICATION_ERROR,
        ErrorType.AUTHORIZATION_ERROR,
        ErrorType.NOT_FOUND,
        ErrorType.RATE_LIMIT_ERROR,
        ErrorType.SECURITY_ERROR,
    }
)
_UNAUTHENTICATED = frozenset({"AuthenticationError", "AuthenticationFailed", "NotAuthenticated", "PermissionDenied"})


class Mode(StrEnum):
    """Who decides that a strategy acts."""

    ACT = "act"
    PROPOSE = "propose"


@dataclass(frozen=True)
class Blame:
    """What tells whose trouble an error is.

    Attributes:
        status: HTTP status of the answer; 0 outside of requests.
        error_type: The documented name, or that of the class.
        kind: Member of `ErrorType`.
        unhandled: Whether it is known that the request ended with an exception that nobody handled: then the status
            says how bad that is, as documented, and not whose trouble.
    """

    status: int
    error_type: str
    kind: str
    unhandled: bool = False

    @property
    def clients(self) -> bool:
        """Whether it is the client's: what code answered with 4xx, and what somebody unknown did."""
        if self.error_type in _UNAUTHENTICATED:
            return True
        if 400 <= self.status < 500:
            return not self.unhandled
        return self.status == 0 and self.kind in _THEIRS


def limited_to(strategies: Sequence[str], blame: Blame) -> list[str]:
    """Return those of some strategies that may ever be chosen, in their order.

    Args:
        strategies: Names.
        blame: Whose trouble it is.
    """
    return [name for name in strategies if not blame.clients or name == THROTTLE]


def mode_of(strategy: Strategy, environment: str, config: Config) -> Mode:
    """Return whether a strategy acts by itself, or is proposed.

    Args:
        strategy: It.
        environment: That of the error.
        config: Has whether anything acts by itself, and which by name or by reach.
    """
    chosen = config.recovery_strategies
    allowed = chosen.get(environment, ()) if isinstance(chosen, dict) else chosen
    acts = config.recovery == "automatic" and (strategy.name in allowed or strategy.reach.value in allowed)
    return Mode.ACT if acts else Mode.PROPOSE

"""`RecoveryStrategy` and `AutoRecoveryExecutor`: strategies of the project's own, by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_PREFIX = "_execute_"


class RecoveryStrategy:
    """Names of strategies. A subclass adds its own, each a string constant of small letters, digits and underscores.

    What a name does, a method of `AutoRecoveryExecutor` says. Which errors it is for, `ERROR_CLASSES` says.
    """

    RETRY = "retry"
    TIMEOUT_INCREASE = "timeout_increase"
    CACHE_CLEAR = "cache_clear"
    POOL_INCREASE = "pool_increase"
    RESOURCE_SCALE = "resource_scale"
    CIRCUIT_BREAK = "circuit_break"
    FALLBACK = "fallback"
    QUEUE_PRIORITY = "queue_priority"
    REQUEST_THROTTLE = "request_throttle"
    SERVICE_RESTART = "service_restart"

    def __init_subclass__(cls, **named: Any) -> None:
        """Declare the names that a subclass adds.

        Raises:
            ValueError: One of them can be no name.
        """
        super().__init_subclass__(**named)
        values = [value for name, value in vars(cls).items() if not name.startswith("_") and isinstance(value, str)]
        for value in values:
            if not _NAME.fullmatch(value):
                raise ValueError(f"{value!r} can be no strategy's name: small letters, digits and underscores only")
        for value in values:
            if value not in DOCUMENTED:
                declare(value)


DOCUMENTED = frozenset(value for name, value in vars(RecoveryStrategy).items() if name.isupper())


@dataclass(frozen=True)
class Action:
    """What an executor is to do.

    Attributes:
        id: The action's; the same when it is carried out again.
        strategy: Name of the strategy.
        error_id: Of the error.
        error_type: One of the documented names (`DatabaseError`, …) or the class name.
        message: Of the error.
        parameters: Of the strategy.
        context: What was said of the error.
    """

    id: str
    strategy: str
    error_id: str
    error_type: str
    service: str
    severity: str
    message: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)


class AutoRecoveryExecutor:
    """Carries out strategies of the project's own: a subclass's method `_execute_<name>(action)` is found by its name.

    It takes an `Action`, is sync or async, and returns `{"success": …, "message": …}`. It runs in a worker, on a thread
    of its own, for ten seconds at most.
    """


def executor_of(name: str) -> Callable[[Action], Any] | None:
    """Return what carries out a strategy: of the executors that know it, the one that was declared last."""
    for kind in reversed(_lineage(AutoRecoveryExecutor)):
        if hasattr(kind, _PREFIX + name):
            found: Callable[[Action], Any] = getattr(kind(), _PREFIX + name)
            return found
    return None


def _lineage(kind: type[AutoRecoveryExecutor]) -> list[type[AutoRecoveryExecutor]]:
    found = [kind]
    for below in kind.__subclasses__():
        found += _lineage(below)
    return found


_declared: list[str] = []
_adopters: list[Callable[[str], None]] = []


def declare(name: str) -> None:
    """Make a name known to whoever adopts strategies, at once or later."""
    if name not in _declared:
        _declared.append(name)
        for adopt in _adopters:
            adopt(name)


def adopt(adopter: Callable[[str], None]) -> None:
    """Show a function every name that was declared, and that will be."""
    _adopters.append(adopter)
    for name in _declared:
        adopter(name)

"""`ErrorRecovery` and `ErrorRecoveryStrategies`: functions that recover, by the kind of error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import attendant

Recover = Callable[..., Any]
"""Returns `{"status": "recovered" or "degraded", "action": …}`, or a coroutine that does."""


class ErrorRecovery:
    """Functions that are shown an exception, and what is known of where it happened.

    They run in the process where the exception was recorded, on a thread of their own, once for each error that is
    sent in full. A caller that waits for recovery waits for them first; one that succeeds is all that is done.

    Attributes:
        recovery_strategies: Functions by `ErrorType`, which take `(exception, context)`; sync or async. The context has
            `error_id`, and the ids, the method and the path of the request or task.
    """

    def __init__(self) -> None:
        self.recovery_strategies: dict[str, Recover] = {}
        attendant.attend(self, attendant.EXCEPTION)


class ErrorRecoveryStrategies:
    """Functions that are shown an error as it is sent, without its exception.

    They run in the process where the error was recorded, on a thread of their own, once for each error that is sent
    in full. A caller that waits for recovery waits for them first; one that succeeds is all that is done.

    Attributes:
        recovery_strategies: Functions by `ErrorType`, which take an `ErrorEvent`; sync or async.
    """

    def __init__(self) -> None:
        self.recovery_strategies: dict[str, Recover] = {}
        attendant.attend(self, attendant.EVENT)

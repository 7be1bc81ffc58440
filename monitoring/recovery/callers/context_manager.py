"""`ErrorRecoveryContextManager`: a block of code whose failure is recovered, sync or async."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from types import TracebackType
from typing import Any, Self

from monitoring.recording.raised.reading import SERVICE

from . import asking, transactions
from .caught import Caught, catch, is_failure
from .member import Member


class ErrorRecoveryContextManager:
    """Asks for the recovery of what its block raises, and waits as long as `ERROR_RECOVERY_TIMEOUT` says.

    The exception is suppressed when an action took effect in that time, and is raised on in all other cases. The block
    is not run again: what comes after it must not rely on what it would have done. Inside of a transaction the
    exception is raised on at once, so that it is rolled back.

    Args:
        service: The service whose error it is; that of this process unless given.

    Attributes:
        error_id: Id of the error, None while there was none.
        recovery: What became of it, as the member `recovery` of answers; None while there was no error.
    """

    def __init__(self, service: str = "") -> None:
        self.service = service
        self.error_id: str | None = None
        self.recovery: Member | None = None

    def __enter__(self) -> Self:
        """Begin the block."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, exception: BaseException | None, _traceback: TracebackType | None
    ) -> bool:
        """End the block; return whether its exception is suppressed."""
        if exception is None or not is_failure(exception):
            return False
        free = not transactions.inside()
        return self._ended(asking.recover(self._begun(exception), asking.CONTEXT, waits=free), free=free)

    async def __aenter__(self) -> Self:
        """Begin the block."""
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, exception: BaseException | None, _traceback: TracebackType | None
    ) -> bool:
        """End the block; return whether its exception is suppressed."""
        if exception is None or not is_failure(exception):
            return False
        free = not await transactions.inside_async()
        recover = functools.partial(asking.recover, self._begun(exception), asking.CONTEXT, waits=free)
        return self._ended(await asyncio.to_thread(recover), free=free)

    def _begun(self, exception: Any) -> Caught:
        """Record the exception, as one of the service."""
        if self.service and not getattr(exception, SERVICE, ""):
            with contextlib.suppress(Exception):  # one that takes no attributes
                setattr(exception, SERVICE, self.service)
        caught = catch(exception)
        self.error_id = caught.error_id or None
        return caught

    def _ended(self, recovery: Member, *, free: bool) -> bool:
        self.recovery = recovery
        return free and recovery["success"] is True

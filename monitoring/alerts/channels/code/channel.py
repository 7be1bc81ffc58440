"""Calls a function with an alert as it is documented, for a limited time."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

from .. import texts
from ..base import Message, TemporaryError
from ..limited import call
from .alert import alert_of

LIMIT_SECONDS = 10.0


class CodeChannel:
    """A function of the project.

    Args:
        name: Under which it was registered.
        function: Takes an alert; may be a coroutine function.
        seconds: For how long it is waited for.
    """

    kind = "code"

    def __init__(self, name: str, function: Callable[[Mapping[str, Any]], Any], seconds: float = LIMIT_SECONDS) -> None:
        self._name, self._function, self._seconds = name, function, seconds

    def send(self, message: Message) -> None:
        """Call the function.

        Raises:
            TemporaryError: It raised, or has not come back in time. Whether it had done its work, nobody knows.
        """
        alert, label = alert_of(message), f"The channel {texts.line(self._name, 100)} in code"
        try:
            call(f"code:{self._name}", label, lambda: self._run(alert), self._seconds)
        except TemporaryError:
            raise
        except BaseException as error:  # its text may hold anything, such as an address
            raise TemporaryError(f"{label} raised {type(error).__name__}.") from None

    def _run(self, alert: dict[str, Any]) -> None:
        try:
            result = self._function(alert)
            if inspect.isawaitable(result):
                asyncio.run(_within(result, self._seconds))
        finally:
            _close_connections()


async def _within(result: Any, seconds: float) -> None:
    await asyncio.wait_for(result, seconds)


def _close_connections() -> None:
    """Close what the function opened in its thread, of the databases of a Django project."""
    if (database := sys.modules.get("django.db")) is not None:
        database.connections.close_all()

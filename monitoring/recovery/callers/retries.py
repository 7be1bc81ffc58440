"""Calling a view once more, where that is safe: the strategy `retry` for callables, in their caller.

Only what asks and changes nothing is called again (GET, HEAD, OPTIONS), only for exceptions that may be over by then,
outside of transactions, and only before anything was sent: a view that has returned is never called again, whatever its
stream raises.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from monitoring.classification import retryable
from monitoring.conf import Config
from monitoring.recording.errors import capture
from monitoring.recovery.in_code import switched

from .asking import why_not
from .caught import Caught, is_failure
from .places import places

STRATEGY = "retry"
MAX_RETRIES = 3
RETRY_DELAY_MS = 1000
"""Before the first retry; twice as long before each further one."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def may_retry(caught: Caught, request: Any) -> bool:
    """Whether the call that raised this, outside of a transaction, may be made again."""
    return (
        request is not None
        and request.method in _SAFE
        and STRATEGY in caught.found.recovery
        and retryable(caught.exception)
        and acts_by_itself(caught.config)
        and not why_not(caught)
    )


def acts_by_itself(config: Config) -> bool:
    """Whether the settings and the switch let `retry`, which is harmless, act without being asked."""
    named = config.recovery_strategies
    if isinstance(named, dict):
        named = named.get(config.environment, ())
    return config.recovery == "automatic" and not switched.off() and bool({STRATEGY, "harmless"} & set(named))


def again(caught: Caught, call: Callable[[], Any]) -> Any:
    """Call again, after a delay each time, until it succeeds; return None where it does not in the time there is."""
    with places.one() as waiting:
        for seconds in _delays(caught) if waiting else ():
            time.sleep(seconds)
            try:
                response = call()
            except Exception as error:
                if not is_failure(error):
                    raise
                continue
            _tell(caught)
            return response
    return None


async def again_async(caught: Caught, call: Callable[[], Awaitable[Any]]) -> Any:
    """Call again, after a delay each time, until it succeeds; return None where it does not in the time there is."""
    with places.one() as waiting:
        for seconds in _delays(caught) if waiting else ():
            await asyncio.sleep(seconds)
            try:
                response = await call()
            except Exception as error:
                if not is_failure(error):
                    raise
                continue
            _tell(caught)
            return response
    return None


def _delays(caught: Caught) -> Iterator[float]:
    """Yield the seconds before each retry, as long as they end before the caller has to go on."""
    for number in range(MAX_RETRIES):
        seconds = RETRY_DELAY_MS / 1000 * 2**number
        if seconds >= caught.left:
            return
        yield seconds


def _tell(caught: Caught) -> None:
    """Say in the log of errors that the call succeeded after all."""
    said = {"recovery_attempted": True, "recovery_success": True, "recovery_strategy": STRATEGY}
    capture.amend(int(caught.hex_id, 16), {"context": said})

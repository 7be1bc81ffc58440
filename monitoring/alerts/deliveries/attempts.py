"""One attempt to send a message, which ends in time whatever the channel does."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connections

from monitoring.alerts.channels.base import TemporaryError

_hanging: dict[str, threading.Thread] = {}


def attempt(key: str, send: Callable[[], None], seconds: float) -> None:
    """Send something, in a thread that is left to itself when it takes too long.

    Args:
        key: Of the destination: while an earlier attempt hangs there, no other one is made by this process.
        send: What sends it.
        seconds: For how long it is waited for.

    Raises:
        TemporaryError: It took too long, and may arrive yet; or what `send` raises.
    """
    if (before := _hanging.get(key)) is not None and before.is_alive():
        raise TemporaryError("An earlier attempt still hangs.")
    _hanging.pop(key, None)
    raised: list[BaseException] = []

    def run() -> None:
        try:
            send()
        except BaseException as error:  # handed to whoever waits
            raised.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, name="enginel-message", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        _hanging[key] = thread
        raise TemporaryError(f"It was not sent within {seconds:g} seconds.")
    if raised:
        raise raised[0]

"""From where staff members act: so that no block locks out those who could lift it.

What is known of the user of a request is looked at once it is answered; nothing is loaded for it. A process records an
address once a minute, however many requests come from it.
"""

from __future__ import annotations

import os
from time import monotonic, time_ns

from .context import Context
from .events import Acted
from .recorder import recorder

_EVERY_SECONDS = 60.0
_MOST = 1_000

_recorded: dict[str, float] = {}


def notice(context: Context) -> None:
    """Record where a request came from, if a staff member is known to have made it.

    Args:
        context: Of a request that was answered.
    """
    if not context.by_staff:
        return
    client, now = context.client, monotonic()
    last = _recorded.get(client)
    if not client or (last is not None and now - last < _EVERY_SECONDS):
        return
    if len(_recorded) >= _MOST:
        _recorded.clear()
    _recorded[client] = now
    recorder.record_fact(Acted(time_ns(), client))


def forget() -> None:
    """Record every address anew: in a child process, and when settings change."""
    _recorded.clear()


os.register_at_fork(after_in_child=forget)

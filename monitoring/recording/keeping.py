"""Which traces are kept with all that is known of them: a few of each route and task a minute, all or none of a tree.

A caller who keeps a trace asks for it to be kept here, too, by the flag of its `traceparent`. Anybody can send that, so
that only so many a minute are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .recorder import recorder

if TYPE_CHECKING:
    from .context import Context

_ASKED = "asked"


def is_granted(now: int) -> bool:
    """Whether a trace that its caller asks for is kept: so many a minute of each process.

    Args:
        now: Nanoseconds since the epoch.
    """
    return recorder.limiter.count(_ASKED, now) <= recorder.config.asked_traces_per_minute


def decide(context: Context, now: int) -> bool:
    """Decide once whether what comes of a request or task is kept, all or none, so that trees are whole.

    Args:
        context: The request or task.
        now: Nanoseconds since the epoch.
    """
    if context.kept is None:
        trees = recorder.limiter.count(("tree", context.title), now)
        context.keeps = trees <= recorder.config.sampled_runs_per_minute
    return bool(context.keeps)

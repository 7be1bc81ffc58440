"""The parts of traces that are kept: requests, operations and outgoing calls. Tasks are told of by their runs.

Where a trace is not kept this costs a look-up; ids are made when somebody asks for them.
"""

from __future__ import annotations

from .context import Context


def request_ended(
    context: Context, at: int, duration: int, name: str, status: int, failed: bool, *, slow: bool = False
) -> None:
    """Record a request as a span, if its trace is kept, or if it failed or was slow. Never raises.

    Args:
        context: The request's.
        at: When it ended, in nanoseconds since the epoch.
        duration: Nanoseconds it took.
        name: Method and route.
        status: Of the response.
        failed: Whether it was answered with 5xx, or for an exception that nobody handled.
        slow: Whether it took longer than it may.
    """

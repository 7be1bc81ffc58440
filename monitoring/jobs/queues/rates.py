"""How fast a queue fills and empties, when it will be empty, and how long its oldest message waits. Pure functions.

Recorded counts alone do not tell: publishers and workers without Enginel record nothing. The depth makes up for what is
missing on one side, so that rate in minus rate out is always how fast the depth grows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WINDOW_MINUTES = 2
"""Rates are those of the minute that runs and of the whole one before."""


@dataclass(frozen=True)
class Flow:
    """Recorded messages of one queue in one minute."""

    sent: int = 0
    received: int = 0


@dataclass(frozen=True)
class Rates:
    """Messages a second, and seconds until nothing waits.

    Attributes:
        arriving: Messages that come in.
        leaving: Messages that are taken out.
        drain: Seconds until the queue is empty if nothing more came; None when nothing leaves any more.
        drain_net: Seconds until it is empty at the present rates; None when it does not shrink.
    """

    arriving: float
    leaving: float
    drain: float | None
    drain_net: float | None


def rates(flows: Mapping[int, Flow], depth: int, depth_before: int | None, now: float, moves: bool = True) -> Rates:
    """Work out the rates of a queue.

    Args:
        flows: What was recorded, by epoch minute.
        depth: Messages that wait now.
        depth_before: Messages that waited when the window began; None when nobody looked.
        now: Epoch seconds.
        moves: Whether something was taken lately; the window remembers for longer.
    """
    last = int(now // 60)
    window = [flows.get(minute, Flow()) for minute in range(last - WINDOW_MINUTES + 1, last + 1)]
    seconds = now - (last - WINDOW_MINUTES + 1) * 60
    sent, received = sum(flow.sent for flow in window), sum(flow.received for flow in window)
    if depth_before is None:
        arrived, left = sent, received
    else:
        growth = depth - depth_before
        arrived, left = max(sent, received + growth), max(received, sent - growth)
    arriving, leaving = arrived / seconds, left / seconds
    rate = leaving if moves else 0.0
    return Rates(arriving, leaving, _time(depth, rate), _time(depth, rate - arriving))


def _time(depth: int, rate: float) -> float | None:
    if depth == 0:
        return 0.0
    return depth / rate if rate > 1e-9 else None


def age_of_oldest(flows: Mapping[int, Flow], depths: Mapping[int, int], depth: int, now: float) -> float | None:
    """Estimate how long the oldest message waits in a queue that hands out what came first.

    The messages that wait are the last that came: going back in time until as many arrived finds the oldest.

    Args:
        flows: What was recorded, by epoch minute.
        depths: Messages that waited at the end of each epoch minute.
        depth: Messages that wait now.
        now: Epoch seconds.

    Returns:
        Seconds; None when the minutes known do not account for all that waits.
    """
    if depth <= 0:
        return 0.0 if depth == 0 else None
    missing = depth
    last = int(now // 60)
    known = {*flows, *depths}
    for minute in range(last, min(known, default=last + 1) - 1, -1):
        end = min(now, (minute + 1) * 60.0)
        arrived = _arrived(flows.get(minute, Flow()), depths.get(minute), depths.get(minute - 1))
        if arrived >= missing:
            # As if they had come evenly: the first of the missing ones came that far before the minute's end.
            return now - (end - (end - minute * 60.0) * missing / arrived)
        missing -= arrived
    return None


def _arrived(flow: Flow, depth_after: int | None, depth_before: int | None) -> int:
    """Count what came in a minute, from what was recorded or, if more, from how the depth changed."""
    if depth_after is None or depth_before is None:
        return flow.sent
    return max(flow.sent, flow.received + depth_after - depth_before)

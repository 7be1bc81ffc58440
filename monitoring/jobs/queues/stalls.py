"""When a queue that holds messages is in trouble: nobody consumes it, or somebody does and takes nothing.

Pure functions over what the samples saw. Trouble has to last to be found, and calm has to last to end it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

UNCONSUMED, STALLED = "queue_unconsumed", "queue_stalled"


@dataclass(frozen=True)
class Motion:
    """What is remembered of a queue from one sample to the next. Times are in epoch seconds.

    Attributes:
        at: When the sample was taken.
        depth: Messages that waited.
        heads: What tells the next message of each priority from others, empty where none waits.
        mark: Changes whenever something was recorded to be taken.
        moved: When something was last seen to be taken, or nothing waited.
        moving_since: Since when it moves without a stall; None while it does not.
    """

    at: float
    depth: int
    heads: Sequence[str]
    mark: str
    moved: float
    moving_since: float | None


@dataclass(frozen=True)
class Limits:
    """What is too long, in seconds.

    Attributes:
        unconsumed: Without anything taken, for a queue that nobody consumes.
        stalled: Without anything taken, for a queue that somebody consumes.
        gap: Between two samples; beyond it nobody knows what happened in between.
    """

    unconsumed: float
    stalled: float
    gap: float


def follow(before: Motion | None, at: float, depth: int, heads: Sequence[str], mark: str, limits: Limits) -> Motion:
    """Return what is to be remembered after a sample.

    Args:
        before: What was remembered; None at the first sample.
        at: When the sample was taken.
        depth: Messages that wait.
        heads: What tells the next message of each priority from others.
        mark: What changes whenever something was recorded to be taken.
        limits: How long is too long.
    """
    if before is None or not 0 <= at - before.at <= limits.gap:
        return Motion(at, depth, heads, mark, at, at)
    # The first message of a priority is no sign that one was taken.
    taken = any(old and old != new for old, new in zip(before.heads, heads, strict=False))
    moved = at if depth == 0 or depth < before.depth or mark != before.mark or taken else before.moved
    if at - moved >= limits.stalled:
        return Motion(at, depth, heads, mark, moved, None)
    return Motion(at, depth, heads, mark, moved, at if before.moving_since is None else before.moving_since)


def verdicts(motion: Motion, consumed: bool, idle: bool, limits: Limits) -> dict[str, bool]:
    """Judge a queue.

    Args:
        motion: What was seen of it.
        consumed: Whether anybody alive consumes it.
        idle: Whether one of those has a slot free, or does not say.
        limits: How long is too long.

    Returns:
        For each kind of finding whether it is to be raised (True) or resolved (False); one that is missing stays as
        it is.
    """
    found: dict[str, bool] = {}
    waits, still = motion.depth > 0, motion.at - motion.moved
    calm = motion.moving_since is not None and motion.at - motion.moving_since >= limits.stalled / 2
    if waits and not consumed and still >= limits.unconsumed:
        found[UNCONSUMED] = True
    elif not waits or consumed or calm:  # somebody takes from it whom nobody knows
        found[UNCONSUMED] = False
    if not waits or not consumed:
        found[STALLED] = False
    elif still >= limits.stalled:
        if idle:
            found[STALLED] = True
    elif calm:
        found[STALLED] = False
    return found

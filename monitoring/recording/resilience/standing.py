"""Circuits that are not closed, as this process knows them, and the permits that it was granted to try them.

A permit is one call. It is granted to this process by its name, used once whichever thread is first, and void after a
time by this machine's clock.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from monitoring.recording import instance
from monitoring.recording.effects import effects
from monitoring.recording.events import Counter
from monitoring.recording.recorder import recorder

KIND = "circuit"
"""Kind of the decisions about circuits."""
LAPSED = "circuit_lapsed_total"
"""Open circuits whose calls processes let through again, as nobody has said for too long what becomes of them."""
_MOST_SPENT = 1_000


class Standing(NamedTuple):
    """What was decided about a circuit.

    Attributes:
        until: Milliseconds since the epoch at which it is to be tried again; 0 where that is not known.
        void: Milliseconds since the epoch from which nothing is known of it.
        permits: Numbers of this process's permits, each with the time in milliseconds from which it is void.
    """

    until: int
    void: int
    permits: tuple[tuple[int, int], ...] = ()


standing: dict[str, Standing] = {}
"""Circuits that are not closed, by name: calls look here, and at nothing else."""
_spent: dict[tuple[str, int], object] = {}


def apply(name: str, value: Mapping[str, Any] | None) -> str | None:
    """Take over what was decided about a circuit, or that it is closed; return why that cannot be, or None."""
    if value is None:
        held = standing.pop(name, None)
        if held is not None and time.time() * 1000 >= held.void:
            recorder.record(Counter(time.time_ns(), LAPSED, 1.0))
        return None
    try:
        granted = value.get("grants", {}).get(instance.name(), ())
        permits = tuple((int(number), int(void)) for number, void in granted)
        standing[name] = Standing(int(value.get("until") or 0), int(value["void"]), permits)
    except (AttributeError, KeyError, TypeError, ValueError):
        return "It is not understood here."
    return None


def take(name: str, permits: tuple[tuple[int, int], ...]) -> int:
    """Use one of the permits that are still good, and return its number; 0 where there is none."""
    now, mine = time.time() * 1000, object()
    for number, void in permits:
        # Setting a default is one step, whichever thread is first.
        if now < void and _spent.setdefault((name, number), mine) is mine:
            _forget_spent()
            return number
    return 0


def _forget_spent() -> None:
    """Forget the oldest permits that were used: their time is long over."""
    with contextlib.suppress(RuntimeError):  # another thread is at it
        while len(_spent) > _MOST_SPENT:
            _spent.pop(next(iter(_spent)), None)


def _leave_permits() -> None:
    """In a forked child: the permits are its parent's."""
    for name, held in standing.items():
        standing[name] = held._replace(permits=())


effects.register(KIND, apply)
os.register_at_fork(after_in_child=_leave_permits)

"""The state machine of a circuit: pure functions over values. Times are milliseconds since the epoch.

Closed, calls are counted. Open, none goes through until its time is over. Half open, processes that want to call are
permitted single calls: the first that fails opens it again, for longer, and as many successes as it wants close it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.recording.resilience.options import CircuitOptions

from .models import Outcome, State

BEGIN = 10_000
"""A permitted call must begin within this time."""
LATE = 5_000
"""So long, after that, nobody else is permitted: what began at the last moment is not known yet, and clocks differ."""
TRIAL = 30_000
"""So long a permitted call may take, or three times what counts as slow, before it counts as lost."""
ASKED = 15_000
"""Who wanted to call within this time is believed to want so still."""
_LONGEST = 10
"""A circuit that fails each trial is open so many times as long at most."""


@dataclass(frozen=True)
class Calls:
    """Calls within the window, since the circuit was closed."""

    calls: int = 0
    failed: int = 0
    slow: int = 0


@dataclass(frozen=True)
class Permit:
    """A call that a process was permitted in this trial; see `CircuitPermit`."""

    process: str
    void: int
    lost: int
    began: bool = False
    outcome: str = Outcome.NONE

    def is_open(self, now: int) -> bool:
        """Whether it may still be used, or its outcome may still come."""
        return not self.outcome and now < (self.lost if self.began else self.void + LATE)


@dataclass(frozen=True)
class Known:
    """A circuit as it is.

    Attributes:
        until: When it is to be tried; 0 where it is not open.
        trials: How often trying it has failed since it was closed.
    """

    state: State
    until: int = 0
    trials: int = 0


@dataclass(frozen=True)
class Step:
    """What a circuit becomes, and why."""

    state: State
    reason: str
    by: str
    until: int = 0
    trials: int = 0


def judge(known: Known, calls: Calls, permits: Sequence[Permit], options: CircuitOptions, now: int) -> Step | None:
    """Say what a circuit becomes; None where it stays as it is.

    Args:
        known: The circuit.
        calls: What was counted, while it is closed.
        permits: Those of this trial, while it is half open.
        options: Its thresholds.
        now: The time.
    """
    if known.state == State.CLOSED:
        reason = over(calls, options)
        return Step(State.OPEN, reason, "rates", now + lasting(options, 0)) if reason else None
    if known.state == State.OPEN:
        if not known.until or now < known.until:
            return None
        return Step(State.HALF_OPEN, "Its time is over: it is tried.", "trial", trials=known.trials)
    ended = Counter(one.outcome for one in permits)
    if ended[Outcome.FAILED]:
        trials = known.trials + 1
        return Step(State.OPEN, "A trial failed.", "trial", now + lasting(options, trials), trials)
    if ended[Outcome.SUCCEEDED] >= options.half_open_requests:
        return Step(
            State.CLOSED, f"{ended[Outcome.SUCCEEDED]} of {options.half_open_requests} trials succeeded.", "trial"
        )
    return None


def over(calls: Calls, options: CircuitOptions) -> str:
    """Return which threshold is crossed, in words; an empty text for none."""
    if calls.calls < options.least:
        return ""
    if calls.failed >= max(options.failure_threshold, options.failure_rate * calls.calls):
        return f"{calls.failed} of {calls.calls} calls failed within {options.window_seconds} s."
    if options.slow_seconds is None:
        return ""
    if calls.slow >= max(options.failure_threshold, options.slow_rate * calls.calls):
        return (
            f"{calls.slow} of {calls.calls} calls took {options.slow_seconds:g} s or longer "
            f"within {options.window_seconds} s."
        )
    return ""


def lasting(options: CircuitOptions, trials: int) -> int:
    """Return for how many milliseconds a circuit is open after so many failed trials."""
    return int(options.timeout_seconds * 1000 * min(2 ** min(trials, _LONGEST), _LONGEST))


def lost_after(options: CircuitOptions) -> int:
    """Return how many milliseconds after its last moment to begin nobody waits for a call's outcome."""
    return max(TRIAL, int(3000 * (options.slow_seconds or 0)))


def grants(
    permits: Sequence[Permit], askers: Sequence[tuple[str, int]], options: CircuitOptions, now: int
) -> list[str]:
    """Return the processes that are permitted a call each, some of them maybe several; none where there is no room.

    Args:
        permits: Those of this trial.
        askers: Processes that wanted to call, and when they last did.
        options: The circuit's thresholds.
        now: The time.
    """
    succeeded = sum(one.outcome == Outcome.SUCCEEDED for one in permits)
    pending = Counter(one.process for one in permits if one.is_open(now))
    room = options.half_open_requests - succeeded - pending.total()
    failing = any(one.outcome == Outcome.FAILED for one in permits)
    fresh = {process: at for process, at in askers if now - at < ASKED}
    if room <= 0 or failing or not fresh:
        return []
    # Who let a permit lapse may be dead: others come first.
    lapsed = Counter(one.process for one in permits if not one.outcome and not one.is_open(now))
    given: list[str] = []
    for _ in range(room):
        chosen = min(fresh, key=lambda one: (pending[one], lapsed[one], -fresh[one], one))
        pending[chosen] += 1
        given.append(chosen)
    return given

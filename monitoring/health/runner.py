"""Runs checks side by side, each in a thread of its own under its own limit, and lives with those that hang.

A thread cannot be stopped from outside, so one that hangs is left behind, and its check is not started again. As a
connection can hang for ever although its server is long back, another try is made after a while; how many threads
one check can hold is bounded.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

import msgspec
from django.db import connections

from monitoring.component import Check, Outcome, Status
from monitoring.recording import scrub

LONGEST = 10.0
"""No check may take longer, in seconds: the snapshot waits for it."""
_TRY_AGAIN_SECONDS = 60.0
_MOST_THREADS = 3
_MOST_MESSAGE, _MOST_ERROR, _MOST_DETAILS = 300, 500, 32_768


class _Run:
    """One execution of a check."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self.started = time.monotonic()
        self.over = threading.Event()
        self.outcome = Outcome(Status.UNHEALTHY, "It did not say.")
        threading.Thread(target=self._work, name=f"enginel-check-{check.id}", daemon=True).start()

    @property
    def seconds(self) -> float:
        """For how long it has been running."""
        return time.monotonic() - self.started

    def _work(self) -> None:
        try:
            self.outcome = bounded(self.check.run())
        except BaseException as error:  # nothing else would see it
            self.outcome = failed(self.check, error)
        finally:
            try:
                connections.close_all()
            finally:
                self.over.set()


class Runner:
    """Keeps an eye on the threads it has started. One for each purpose and process."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all threads: after a fork, whose child has none of them."""
        self._lock = threading.Lock()
        self._runs: dict[str, list[_Run]] = {}

    def run(self, checks: Iterable[Check], limit: float = LONGEST) -> dict[str, Outcome]:
        """Run checks, and return what each found by its id. Never raises.

        Args:
            checks: Which checks; one that already runs for somebody else is waited for, not started twice.
            limit: Seconds after which none is waited for, whatever its own limit is.
        """
        started = {check.id: (check, self._start(check)) for check in checks}
        return {name: self._await(check, run, limit) for name, (check, run) in started.items()}

    @property
    def threads(self) -> int:
        """How many threads have not come back."""
        with self._lock:
            return sum(not run.over.is_set() for runs in self._runs.values() for run in runs)

    def _start(self, check: Check) -> _Run | Outcome:
        with self._lock:
            alive = self._runs[check.id] = [run for run in self._runs.get(check.id, ()) if not run.over.is_set()]
            if alive and alive[-1].seconds < _limit(check):
                return alive[-1]
            if alive and (alive[-1].seconds < _TRY_AGAIN_SECONDS or len(alive) >= _MOST_THREADS):
                return Outcome(Status.UNHEALTHY, f"Its check has been hanging for {alive[0].seconds:.0f} s.")
            try:
                alive.append(_Run(check))
            except RuntimeError as error:  # no more threads in this system
                return failed(check, error)
            return alive[-1]

    @staticmethod
    def _await(check: Check, run: _Run | Outcome, limit: float) -> Outcome:
        if isinstance(run, Outcome):
            return run
        allowed = min(limit, _limit(check))
        if run.over.wait(max(0.0, allowed - run.seconds)):
            return run.outcome
        return Outcome(Status.UNHEALTHY, f"No answer within {allowed:g} s.")


def _limit(check: Check) -> float:
    return min(check.time_limit, LONGEST)


def failed(check: Check, error: BaseException) -> Outcome:
    """Say that a check raised. Its text may name hosts and users, so that only admins see it."""
    message = f"The check of {check.component} failed: {type(error).__name__}"
    return Outcome(Status.UNHEALTHY, message, {"error": scrub.text(str(error), _MOST_ERROR)})


def bounded(outcome: Outcome) -> Outcome:
    """Return what a check found in a form that can be stored and shown, whoever wrote the check."""
    if not isinstance(outcome, Outcome):
        raise TypeError(f"a check must return an Outcome, not {type(outcome).__name__}")
    try:
        encoded = msgspec.json.encode(outcome.details)
        details = msgspec.json.decode(encoded) if len(encoded) <= _MOST_DETAILS else scrub.mapping(outcome.details)
    except (TypeError, ValueError):
        details = scrub.mapping(outcome.details)
    return Outcome(Status(outcome.status), scrub.text(str(outcome.message), _MOST_MESSAGE), details)

"""What became of the runs of an entry: which failed, and which began while another one still ran. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from .models import ScheduledRun

STARTED, RETRY, SUCCESS, FAILURE, LOST = "STARTED", "RETRY", "SUCCESS", "FAILURE", "LOST"


@dataclass
class Outcome:
    """What is to be said of the latest runs of one entry.

    Attributes:
        over: Runs that ended and need not be looked at again.
        failed: Those of them that failed or were lost, in the order of their ends.
        fine: Whether the last run that ended was a success; None when none ended.
        overlapped: Runs that began while another one ran, each with that other one.
        apart: Whether the last run that began had no other one beside it; None when none began.
        started_until: Runs that began until then, in milliseconds since the epoch, have been compared.
    """

    over: list[ScheduledRun] = field(default_factory=list)
    failed: list[ScheduledRun] = field(default_factory=list)
    fine: bool | None = None
    overlapped: list[tuple[ScheduledRun, ScheduledRun]] = field(default_factory=list)
    apart: bool | None = None
    started_until: int = 0


def look_at(
    runs: Sequence[ScheduledRun], started_until: int, until: int, lost: Collection[str], gone: Collection[str]
) -> Outcome:
    """Judge the runs of one entry that run, or whose end was not judged yet.

    Args:
        runs: These runs.
        started_until: Those that began until then have been compared with the others.
        until: What happened before this moment is known; milliseconds since the epoch, like all times here.
        lost: Task ids of runs that were lost with their worker.
        gone: Task ids of runs whose worker died and whose message may run again.
    """
    found = Outcome(started_until=started_until)
    for run in runs:
        if run.state == STARTED and run.task_id in lost:
            run.state, run.ended = LOST, min(until, run.ended or until)
    _compare(found, [run for run in runs if run.task_id not in gone], until)
    ended = [run for run in runs if run.state not in (STARTED, RETRY) and run.ended is not None and run.ended <= until]
    for run in sorted(ended, key=lambda run: run.ended or 0):
        found.over.append(run)
        if run.state in (FAILURE, LOST):
            found.failed.append(run)
            found.fine = False
        elif run.state == SUCCESS:
            found.fine = True
    return found


def _compare(found: Outcome, runs: Sequence[ScheduledRun], until: int) -> None:
    """Compare each run that began since the last time with those that had begun before it."""
    began = sorted((run for run in runs if run.started is not None), key=lambda run: (run.started or 0, run.task_id))
    for place, run in enumerate(began):
        started = run.started or 0
        if not found.started_until < started <= until:
            continue
        other = next((one for one in began[:place] if _runs_at(one, started)), None)
        found.apart = other is None
        if other is not None:
            found.overlapped.append((run, other))
    found.started_until = max(found.started_until, *(min(run.started or 0, until) for run in began), 0)


def _runs_at(run: ScheduledRun, moment: int) -> bool:
    return run.state == STARTED or (run.ended is not None and run.ended > moment)

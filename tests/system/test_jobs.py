"""What a whole platform says of everything that can become of a task and a worker, and how soon."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.jobs.crew import Crew

from .crews import NAMES, kill, launch
from .watching import Case, Said, Watching, closed, ended, goes_on, opened, succeeded

pytestmark = pytest.mark.system


def ends_by_itself(crew: Crew) -> list[Case]:
    """Send a task for every way of ending that needs nobody else."""
    failed = ("FAILURE", "failure")
    ways: dict[str, tuple[str, list[tuple[str, str]], str]] = {
        "fail": ("an exception", [failed], "LookupError"),
        "retry": ("a retry, then an exception", [("RETRY", "retry"), failed], "LookupError"),
        "reject": ("Reject(requeue=False)", [("REJECTED", "rejected")], ""),
        "ignore": ("Ignore", [("IGNORED", "ignored")], ""),
        "soft": ("soft time limit", [failed], "SoftTimeLimitExceeded"),
        "hard": ("hard time limit", [("FAILURE", "time limit")], "TimeLimitExceeded"),
        "exit": ("SystemExit", [("FAILURE", "killed")], "WorkerLostError"),
        "kill": ("SIGKILL of a child, by itself", [("FAILURE", "killed")], "WorkerLostError"),
        "nowhere": ("unknown task", [("REJECTED", "unknown task")], ""),
    }
    cases = [
        Case(what, in_words(said, exception), ended(crew.send(name), said, None, exception))
        for name, (what, said, exception) in ways.items()
    ]
    late = crew.send("ok", expires=datetime.now(UTC) - timedelta(minutes=1))
    revoked = crew.send("ok", countdown=3)
    crew.app.control.revoke(revoked)
    return [
        *cases,
        Case("expired in the queue", "REVOKED, expired", ended(late, [("REVOKED", "expired")])),
        Case("revoked before its time", "REVOKED, revoked", ended(revoked, [("REVOKED", "revoked")])),
    ]


def in_words(said: list[tuple[str, str]], exception: str) -> str:
    reasons = [state if reason in {state.lower(), "failure"} else f"{state}, {reason}" for state, reason in said]
    return "; ".join(reasons) + (f" ({exception})" if exception else "")


def down(crew: Crew, at: float) -> list[Case]:
    """What is said of a worker that died."""
    node = f"{crew.queue}@test"
    return [
        Case(f"{node}: SIGKILL", "worker: down", lambda said: at if said.workers[node] == "down" else None),
        Case(f"{node}: SIGKILL", "celery_worker_up 0", lambda said: metric(said, at, "celery_worker_up", node, 0)),
        Case(f"{node}: SIGKILL", "worker_down", opened("worker_down", node, at)),
    ]


def metric(said: Said, at: float, name: str, label: str, value: float) -> float | None:
    return at if said.metrics.get((name, label)) == value else None


def test_every_way_of_ending_is_told_by_its_name(crews: dict[str, Crew], watching: Watching) -> None:
    ends, early, late = (crews[name] for name in NAMES)
    watching.since -= 60  # a crash is told as of the last words of who crashed, which may be from before this
    child, _, pid = ends.begin("wait")
    terminated, _, _ = ends.begin("wait")
    lost, _, _ = early.begin("wait")
    held, until, _ = late.begin("wait_late")
    watching.await_all(
        Case(f"it began: {what}", "STARTED", goes_on(task_id))
        for what, task_id in {"early ack": lost, "late ack": held, "its child is killed": child}.items()
    )

    cases = ends_by_itself(ends)
    at = time.time()
    os.kill(pid, signal.SIGKILL)
    cases += [
        Case("SIGKILL of a child", "FAILURE, killed", ended(child, [("FAILURE", "killed")], at)),
        Case("SIGKILL of a child", "task_killed", opened("task_killed", child, at)),
    ]
    at = time.time()
    ends.app.control.revoke(terminated, terminate=True, signal="SIGKILL")
    cases.append(
        Case("revoked while it ran", "REVOKED, terminated", ended(terminated, [("REVOKED", "terminated")], at))
    )
    at = kill(early)
    cases += [
        *down(early, at),
        Case("SIGKILL of a worker, early ack", "LOST, lost", ended(lost, [("LOST", "lost")], at)),
        Case("SIGKILL of a worker, early ack", "task_lost", opened("task_lost", lost, at)),
    ]
    at = kill(late)
    cases.append(Case("SIGKILL of a worker, late ack", "task_held", opened("task_held", held, at)))
    said = watching.await_all(cases)
    assert said.ways(held) == []
    assert {one["subject"].split()[0] for one in said.found("task_killed")} >= {child}
    assert said.running[held]["findings"] == ["task_held"]

    until.touch()
    started = [launch(early), launch(late)]
    assert late.give_back() == 1
    early.await_life(*started[0])
    late.await_life(*started[1])
    back = time.time()
    watching.await_all(
        [
            Case("late ack: it ran again", "SUCCESS", succeeded(held)),
            Case("late ack: it ran again", "task_held is over", closed("task_held", held, back)),
            Case("the workers are back", "worker_down is over", closed("worker_down", "", back)),
        ]
    )
    watching.looked_again()
    said = watching.look()
    counted = {kind: len(said.found(kind)) for kind in {one["kind"] for one in said.findings}}
    assert counted == {"worker_down": 2, "worker_crashed": 2, "task_killed": 4, "task_lost": 1, "task_held": 1}
    assert said.ways(lost) == [("LOST", "lost")]
    assert said.standing() == set()
    for kind, count in counted.items():
        assert said.metrics["enginel_findings_total", kind] == count, kind
    assert said.metrics["enginel_tasks_lost_total",] == 1

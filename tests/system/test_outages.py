"""While parts of the platform itself are away nothing false is told, and afterwards everything that happened, once."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
import redis

from tests.jobs.crew import Crew

from .crews import kill, launch
from .platform import Platform, paused, wait_until
from .watching import Case, Said, Watching, closed, ended, goes_on, opened, succeeded

pytestmark = [pytest.mark.system, pytest.mark.soak]

READY, DETAILED = "/api/health/ready/", "/api/health/detailed/"
FAILED = [("FAILURE", "failure")]
AWAY_SECONDS = 10.0


def child(platform: Platform, *words: str) -> psutil.Process:
    """Find the platform's process whose command line has one of these words in it."""
    assert platform.process is not None
    family = psutil.Process(platform.process.pid).children()
    (found,) = (one for one in family if any(word in " ".join(one.cmdline()) for word in words))
    return found


def answers(watching: Watching, path: str, status: int, why: str) -> Case:
    """Expect both web processes to answer a probe so, from now on."""
    at = time.time()

    def look(_said: Said) -> float | None:
        return at if {watching.client.get(path).status for _ in range(8)} == {status} else None

    return Case(why, f"{path} {status}", look)


@contextmanager
def nothing_false(watching: Watching, allowed: set[str]) -> Iterator[None]:
    """Compare the counters before and after, and look for what should not have been found."""
    before = watching.metrics()
    yield
    watching.looked_again()
    said = watching.look()
    assert {one["kind"] for one in said.findings} <= allowed, said.findings
    # What failed in the schedule did so until the next run, which may be a minute away.
    assert {kind for kind, _ in said.standing()} <= {"schedule_failed"}
    fell = {key for key, value in before.items() if key[0].endswith("_total") and said.metrics.get(key, 0) < value}
    assert fell == set(), "a counter never falls"


def test_what_happens_while_nobody_takes_it_in_is_told_afterwards_once(
    watched_platform: Platform, crews: dict[str, Crew], watching: Watching
) -> None:
    ends, early = crews["ends"], crews["early"]
    lost, _, _ = early.begin("wait")
    watching.await_all([Case("a task began", "STARTED", goes_on(lost))])
    # Runs of one entry that waited for the same worker begin side by side.
    wait_until(lambda: evaluated(watching), "health was evaluated", why_not=lambda: watching.client.get(DETAILED).text)
    with nothing_false(watching, {"task_lost", "worker_down", "schedule_overlap"}):
        with paused(child(watched_platform, "monitoring@")):
            at = kill(early)
            failing = ends.send("fail")
            waiting = [early.send("ok") for _ in range(3)]
            watching.await_all(
                [
                    Case("nobody watches, a worker is killed", "worker: down", down(at, "early@test")),
                    Case("nobody watches, its queue grows", "depth 3 and age, API and /metrics", waits(watching, at)),
                    answers(watching, DETAILED, 503, "nobody watches"),
                ]
            )
            assert {watching.client.get(READY).status for _ in range(8)} == {200}
            said = watching.look()
            assert (said.ways(failing), said.findings) == ([], [])
        at = time.time()
        watching.await_all(
            [
                Case("it is watched again: a task failed meanwhile", "FAILURE", ended(failing, FAILED, at)),
                Case("it is watched again: a task was lost", "LOST", ended(lost, [("LOST", "lost")], at)),
                Case("it is watched again: a worker died", "worker_down", opened("worker_down", "early@test", at)),
                answers(watching, DETAILED, 200, "it is watched again"),
            ]
        )
        early.await_life(*launch(early))
        at = time.time()
        watching.await_all(
            [
                Case("the worker is back", "worker_down is over", closed("worker_down", "early@test", at)),
                *(Case("the worker is back", "SUCCESS", succeeded(one)) for one in waiting),
            ]
        )
    said = watching.look()
    assert len(said.found("task_lost")) == len(said.found("worker_down", "early@test")) == 1
    assert said.ways(failing) == FAILED


def evaluated(watching: Watching) -> bool:
    """Whether both web processes have seen a result of the evaluator."""
    checks = [watching.client.get(DETAILED).json["checks"] for _ in range(8)]
    return {one["evaluator"]["status"] for one in checks} == {"healthy"}


def down(at: float, node: str) -> Callable[[Said], float | None]:
    return lambda said: at if said.workers[node] == "down" and said.metrics["celery_worker_up", node] == 0 else None


def waits(watching: Watching, at: float) -> Callable[[Said], float | None]:
    """Look for the three messages that wait in a queue without a worker."""

    def look(said: Said) -> float | None:
        queue: dict[str, Any] = next((one for one in watching.get("queues/")["queues"] if one["name"] == "early"), {})
        shown = queue.get("depth"), said.metrics.get(("celery_queue_length", "early"))
        age = said.metrics.get(("enginel_queue_oldest_age_seconds", "early"), 0)
        return at if shown == (3, 3) and age > 1 else None

    return look


def test_redis_and_the_database_come_back_and_nothing_false_was_told(
    watched_platform: Platform, private_server: Any, crews: dict[str, Crew], watching: Watching
) -> None:
    ends, late = crews["ends"], crews["late"]
    task, until, _ = ends.begin("wait")
    held, until_late, _ = late.begin("wait_late")

    watching.await_all(Case("a task began", "STARTED", goes_on(one)) for one in (task, held))
    with nothing_false(watching, {"schedule_failed"}):
        child(watched_platform, "valkey-server", "redis-server").kill()
        wait_until(lambda: "redis was killed by SIGKILL" in watched_platform.output, "bin/up sees it")
        wait_until(lambda: answered(ends), "Redis is back")
        failing = ends.send("fail")
        watching.await_all([Case("Redis: SIGKILL, and a task fails then", "FAILURE", ended(failing, FAILED))])
        watching.looked_again()

        if private_server is not None:
            assert private_server._process is not None
            private_server._process.send_signal(signal.SIGINT)
            private_server._process.wait(30)
            at = time.time()
            failing = ends.send("fail")
            time.sleep(AWAY_SECONDS)
            assert {watching.client.get("/api/health/").status for _ in range(8)} == {200}
            private_server.start()
            back = time.time()
            case = Case(
                f"PostgreSQL was away for {back - at:.0f} s: a task failed", "FAILURE", ended(failing, FAILED, back)
            )
            watching.await_all([case, answers(watching, READY, 200, "PostgreSQL is back")])

        until.touch()
        until_late.touch()
        watching.await_all(
            [
                Case("what ran all the time ends", "SUCCESS", succeeded(task)),
                Case("late ack: it ends, too", "SUCCESS", succeeded(held)),
            ]
        )


def answered(crew: Crew) -> bool:
    """Whether Redis answers a worker's client."""
    try:
        return bool(crew.heartbeats())
    except (redis.RedisError, OSError):
        return False

"""What a whole platform says of everything that can become of a task, a worker and a beat, and how soon."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from celery import Celery
from launcher.postgres_server import PostgresServer, find_binaries

from tests.jobs.crew import Crew

from .platform import Client, Platform, wait_until
from .watching import Case, Said, Watching, closed, ended, opened

pytestmark = pytest.mark.system

NAMES = ("ends", "early", "late")
HEARTBEAT = 3.0
LOOKS = 3
"""So many times the platform looks again before a thing counts as told once."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer | None]:
    """A database server of the platform's own, which may be taken away; none where SQLite has to do."""
    binaries = find_binaries()
    made = PostgresServer(binaries) if binaries else None
    if made is not None:
        made.start()
    yield made
    if made is not None:
        made.stop()


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, server: PostgresServer | None) -> Iterator[Platform]:
    """A platform as a user has it: every interval is the default."""
    made = Platform(tmp_path_factory.mktemp("platform"), server.url if server else "")
    try:
        made.start()
        yield made
    finally:
        made.kill()


@pytest.fixture(scope="module")
def crews(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Crew]]:
    """Workers of a service that is watched, one for each way to treat a worker."""
    url = platform.secret("redis/url")
    app = Celery("crew-client", broker=url, backend=url, set_as_current=False)
    app.conf.broker_transport_options = {"visibility_timeout": 3600}
    made = {
        name: Crew(tmp_path_factory.mktemp(name), app, name, redis_url=url, prefix="enginel", interval=HEARTBEAT)
        for name in NAMES
    }
    started = {name: launch(crew) for name, crew in made.items()}
    for name, crew in made.items():
        crew.await_life(*started[name])
    yield made
    for crew in made.values():
        crew.close()
    app.close()


def launch(crew: Crew) -> tuple[str, int]:
    return crew.launch("--pool", "prefork", "--concurrency", "3" if crew.queue == "ends" else "1", name=crew.queue)


@pytest.fixture
def watching(platform: Platform, capsys: pytest.CaptureFixture[str]) -> Iterator[Watching]:
    """Looks from now on; what it notes is printed."""
    made = Watching(Client(platform))
    yield made
    with capsys.disabled():
        print(f"\n\n{made}\n")


def looked_again(platform: Platform, times: int = LOOKS) -> None:
    """Wait until the platform has looked at everything some more times."""
    with redis.Redis.from_url(platform.secret("redis/url")) as client:
        for _ in range(times):
            left = client.pttl("enginel:watched")
            wait_until(lambda left=left: client.pttl("enginel:watched") > left, "it looks again")


def kill(crew: Crew) -> float:
    """Kill a worker's main process; return when."""
    at = time.time()
    crew.kill()
    return at


def ends_by_itself(crew: Crew) -> list[Case]:
    """Send a task for every way of ending that needs nobody else."""
    ways: dict[str, tuple[str, list[tuple[str, str]]]] = {
        "fail": ("an exception", [("FAILURE", "failure")]),
        "retry": ("a retry, then an exception", [("RETRY", "retry"), ("FAILURE", "failure")]),
        "reject": ("Reject(requeue=False)", [("REJECTED", "rejected")]),
        "ignore": ("Ignore", [("IGNORED", "ignored")]),
        "soft": ("soft time limit", [("FAILURE", "failure")]),
        "hard": ("hard time limit", [("FAILURE", "time limit")]),
        "exit": ("SystemExit", [("FAILURE", "killed")]),
        "kill": ("SIGKILL of a child, by itself", [("FAILURE", "killed")]),
        "nowhere": ("unknown task", [("REJECTED", "unknown task")]),
    }
    cases = [Case(what, in_words(said), ended(crew.send(name), said)) for name, (what, said) in ways.items()]
    late = crew.send("ok", expires=datetime.now(UTC) - timedelta(minutes=1))
    revoked = crew.send("ok", countdown=3)
    crew.app.control.revoke(revoked)
    return [
        *cases,
        Case("expired in the queue", "REVOKED, expired", ended(late, [("REVOKED", "expired")])),
        Case("revoked before its time", "REVOKED, revoked", ended(revoked, [("REVOKED", "revoked")])),
    ]


def in_words(said: list[tuple[str, str]]) -> str:
    return "; ".join(state if state.lower() == reason else f"{state}, {reason}" for state, reason in said)


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


def test_every_way_of_ending_is_told_by_its_name(
    platform: Platform, crews: dict[str, Crew], watching: Watching
) -> None:
    ends, early, late = (crews[name] for name in NAMES)
    began = time.time()
    child, _, pid = ends.begin("wait")
    terminated, _, _ = ends.begin("wait")
    lost, _, _ = early.begin("wait")
    held, until, _ = late.begin("wait_late")
    watching.await_all(
        Case(f"began: {what}", "STARTED", lambda said, id_=id_: began if id_ in said.running else None)
        for what, id_ in {"early ack": lost, "late ack": held, "its child is killed": child}.items()
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

    began = time.time()
    until.touch()
    started = [launch(early), launch(late)]
    assert late.give_back() == 1
    early.await_life(*started[0])
    late.await_life(*started[1])
    back = time.time()
    watching.await_all(
        [
            Case("late ack: it ran again", "SUCCESS", ended(held, [("SUCCESS", "sample")])),
            Case("late ack: it ran again", "task_held is over", closed("task_held", held, back)),
            Case("the workers are back", "worker_down is over", closed("worker_down", "", back)),
        ]
    )
    looked_again(platform)
    said = watching.look()
    counted = {kind: len(said.found(kind)) for kind in {one["kind"] for one in said.findings}}
    assert counted == {"worker_down": 2, "task_killed": 4, "task_lost": 1, "task_held": 1}
    assert said.ways(lost) == [("LOST", "lost")]
    assert said.standing() == set()
    for kind, count in counted.items():
        assert said.metrics["enginel_findings_total", kind] == count, kind
    assert said.metrics["enginel_tasks_lost_total",] == 1

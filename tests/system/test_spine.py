"""The whole way, in real processes: a request is answered, recorded, sent, drained, stored, and read over HTTP."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from launcher.step_text import assembly

from .platform import ROOT, SAMPLES, Client, Platform, wait_until

pytestmark = pytest.mark.system

PERFORMANCE = "/api/monitoring/performance/"
DASHBOARD = "/api/monitoring/dashboard/"
DESIGN = "api/designs/<uuid:pk>/"
# bin/up asks for it until the platform answers, so nobody knows how often.
HEALTH = "GET api/health/"
COMMANDS_PER_SECOND = 65
"""An idle platform with one shard, of which alerts and protection are some 15: what scripts call counts as well."""


def settled(client: Client) -> dict[str, Any]:
    """Read the statistics until they hold every request that was answered before the reading, and not one more."""

    def counted(statistics: dict[str, Any]) -> dict[str, int]:
        return {route: found["count"] for route, found in statistics["requests"].items() if route != HEALTH}

    return read_until(client, PERFORMANCE, counted, client.by_route)


def read_until(
    client: Client, path: str, counted: Callable[[dict[str, Any]], object], sent: Callable[[], object]
) -> dict[str, Any]:
    """Read until the platform has counted what was sent before the reading.

    Each reading is a request itself, so the pauses grow until it has been counted by the time of the next one.
    """
    for pause in (0.5, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15):
        before = sent()
        found: dict[str, Any] = client.get(path).json
        if counted(found) == before:
            return found
        time.sleep(pause)
    pytest.fail(f"sent    {before}\ncounted {counted(found)}")


def finished(client: Client, design: str) -> dict[str, Any]:
    """Wait until a design was read, and return it."""
    last: dict[str, Any] = {}

    def done() -> bool:
        last.update(client.get(f"/api/designs/{design}/", DESIGN).json)
        return last["status"] in {"ready", "failed"}

    wait_until(done, "the design was read", why_not=lambda: last)
    return last


def nothing_is_lost(intake: dict[str, Any]) -> bool:
    return (intake["lost"], intake["refused"], intake["replayed"], intake["dead_letters"]) == ({}, {}, {}, 0)


@pytest.mark.smoke
def test_real_files_are_read_and_every_number_of_it_is_shown_exactly(platform: Platform) -> None:
    platform.start()
    client = Client(platform)
    files = {name: (SAMPLES / name).read_text() for name in ("gearbox.step", "bracket.igs", "broken.step")}

    uploads = {name: client.upload(name, content) for name, content in files.items()}
    assert [answer.status for answer in uploads.values()] == [201, 201, 201]
    gearbox, bracket, broken = (finished(client, answer.json["id"]) for answer in uploads.values())

    assert (gearbox["status"], gearbox["geometry"]["units"]["length"]["name"]) == ("ready", "inch")
    assert gearbox["geometry"]["bounding_box"]["size"] == [8.0, 4.0, 3.65]
    (root,) = gearbox["bom"]["tree"]
    assert (root["name"], [part["quantity"] for part in root["children"]]) == ("Gearbox", [1, 2, 4])
    assert (bracket["status"], bracket["format"]) == ("ready", "iges")
    assert bracket["geometry"]["units"]["length"]["name"]
    assert all(side > 0 for side in bracket["geometry"]["bounding_box"]["size"])
    assert (broken["status"], broken["error_message"]) == ("failed", "Line 210: the file ends in the middle")

    assert client.upload("letter.txt", "Dear Sir or Madam").status == 400
    assert client.get("/no/such/page/", "<unmatched>").status == 404
    assert client.get(DASHBOARD).status == 200

    statistics = settled(client)
    assert outcome(statistics["operations"]) == {
        "upload": (4, 0),
        "geometry_extraction": (3, 1),
        "bom_extraction": (2, 0),
    }
    extractions = {"tasks.designs.geometry_extraction": (3, 1), "tasks.designs.bom_extraction": (2, 0)}
    assert outcome(statistics["tasks"], extractions) == extractions
    assert outcome(statistics["waits"], extractions) == {name: (n, 0) for name, (n, _) in extractions.items()}
    assert {errors for _, errors in outcome(statistics["requests"]).values()} == {0}
    for one in itertools.chain(statistics["operations"].values(), statistics["tasks"].values()):
        assert 0 < one["min_duration"] <= one["p50"] <= one["p95"] <= one["p99"] <= one["max_duration"]
        assert one["total_duration"] == pytest.approx(one["avg_duration"] * one["count"])

    probes = statistics["requests"][HEALTH]["count"]
    dashboard = read_until(
        client,
        DASHBOARD,
        lambda found: found["metrics"]["http_requests_total"],
        lambda: sum(client.by_route().values()) + probes,
    )
    metrics, intake = dashboard["metrics"], dashboard["intake"]
    expected = {
        "uploads_total": 3,
        "uploads_step": 2,
        "uploads_iges": 1,
        "total_bytes_uploaded": sum(len(content.encode()) for content in files.values()),
        "http_status_201": 3,
        "http_status_400": 1,
        "http_status_404": 1,
        "endpoint_designs": sum(count for name, count in client.by_route().items() if " api/designs/" in name),
        "celery_task_tasks.designs.geometry_extraction": 3,
        "celery_task_tasks.designs.geometry_extraction_SUCCESS": 2,
        "celery_task_tasks.designs.geometry_extraction_FAILED": 1,
        "celery_task_tasks.designs.bom_extraction_SUCCESS": 2,
    }
    assert {name: metrics.get(name) for name in expected} == expected
    assert outcome(dashboard["performance"]) == outcome(statistics["operations"])
    assert nothing_is_lost(intake), intake
    assert intake["folded"]["request"] == metrics["http_requests_total"]
    assert (intake["folded"]["operation"], intake["folded"]["error"]) == (9, 3)
    errors_become_known(client, platform)


def errors_become_known(client: Client, platform: Platform) -> None:
    """What went wrong is logged, grouped, filed, and told to visitors by the id of its bug."""
    logged = {error["name"]: error for error in client.get("/api/monitoring/errors/").json["errors"]}
    assert set(logged) == {"POST api/designs/upload/", "GET <unmatched>", "tasks.designs.geometry_extraction"}
    failed = logged["tasks.designs.geometry_extraction"]
    detail = client.get(f"/api/monitoring/errors/{failed['error_id']}/", "api/monitoring/errors/<uuid:error_id>/").json
    assert detail["error_type"] == "GeometryProcessingError"
    assert "the file ends in the middle" in detail["traceback"]
    assert any(frame["in_app"] for raised in detail["exceptions"] for frame in raised["frames"])
    folder = platform.state / "planning" / "tasks"

    def filed() -> set[str]:
        bugs = client.get("/api/monitoring/bugs/").json["results"]
        return {bug["bug_id"] for bug in bugs if not bug["pending"]}

    wait_until(lambda: filed() == {"B-001", "B-002", "B-003"}, "every group has a bug", why_not=filed)
    assert len(list(folder.glob("B-*.md"))) == 3
    first = client.post("/api/test-error/", accept="text/html")
    assert (first.status, "<html" in first.text, "B-" in first.text) == (500, True, False)
    wait_until(
        lambda: "B-004" in client.post("/api/test-error/", accept="text/html").text,
        "a visitor is told that it is known",
    )


def outcome(statistics: dict[str, Any], names: Any = None) -> dict[str, tuple[int, int]]:
    """Executions and errors by name."""
    return {
        name: (found["count"], found["error_count"])
        for name, found in statistics.items()
        if names is None or name in names
    }


class Load:
    """Sends requests from several threads until the platform stops answering."""

    def __init__(self, client: Client, threads: int = 4) -> None:
        self._client = client
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(threads)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, number: int) -> None:
        for round_ in itertools.count():
            for call in (
                lambda name=f"part-{number}-{round_}": self._client.upload(f"{name}.step", assembly(name, 2)),
                lambda: self._client.get("/api/designs/?limit=1"),
                lambda: self._client.get("/no/such/page/", "<unmatched>"),
                lambda: self._client.get("/api/series/"),
            ):
                if self._over.is_set():
                    return
                try:
                    call()
                except OSError:  # it stops: an answer that never came is not counted on either side
                    return


def test_a_stop_in_the_middle_of_work_and_a_restart_lose_and_double_nothing(platform: Platform) -> None:
    platform.start()
    client = Client(platform)
    with Load(client):
        wait_until(lambda: sum(client.by_route().values()) >= 200, "some load", why_not=client.by_route)
        assert platform.stop() == 0
    assert "is killed" not in platform.output, "each process stopped by itself, and gave back what it held"
    uploads = client.answered["POST api/designs/upload/", 201]
    assert uploads >= 20

    platform.start()

    def all_read() -> bool:
        return bool(client.get("/api/designs/?status=ready&limit=1").json["count"] == uploads)

    wait_until(all_read, "every design was read")
    statistics = settled(client)
    assert statistics["operations"]["upload"]["count"] == uploads
    dashboard = client.get(DASHBOARD).json
    assert dashboard["metrics"]["uploads_total"] == uploads
    assert dashboard["metrics"]["http_status_201"] == uploads
    assert nothing_is_lost(dashboard["intake"]), dashboard["intake"]


def test_every_event_becomes_a_row_and_idleness_is_quiet(platform: Platform) -> None:
    platform.start()
    program = [sys.executable, "-m", "benchmarks.latency", "--json", "--samples", "10", "--state", str(platform.state)]
    environment = platform.environment()
    ran = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    for lane in json.loads(ran.stdout):
        print(lane)
        assert lane["sent"] == lane["arrived"] == lane["samples"] == 10

    client = redis.Redis.from_url(platform.secret("redis/url"))
    rates: list[float] = []
    while not rates or (rates[-1] > COMMANDS_PER_SECOND and len(rates) < 4):  # a start may still be settling
        rates.append(commands_per_second(client, seconds=10))
    client.close()
    print(f"idle: {rates[-1]:.1f} Redis commands a second")
    assert rates[-1] <= COMMANDS_PER_SECOND


def commands_per_second(client: Any, seconds: float) -> float:
    """Count what the server was asked, apart from this question."""
    before = client.info("stats")["total_commands_processed"]
    time.sleep(seconds)
    return float(client.info("stats")["total_commands_processed"] - before - 1) / seconds

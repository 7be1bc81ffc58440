"""What each check that ships says of what it finds."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.files.storage import default_storage
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from monitoring.component import Status
from monitoring.conf import Config, get_config
from monitoring.health.checks import dependency, intake, space
from monitoring.health.checks import redis as redis_check
from monitoring.health.checks.database import Database
from monitoring.health.checks.dependency import Dependency
from monitoring.health.checks.disk import Disk
from monitoring.health.checks.migrations import Migrations
from monitoring.health.checks.storage import Storage
from monitoring.health.runner import Runner
from monitoring.stream.streams import MEASURES, Stream
from tests.pipeline import client

HEALTHY, DEGRADED, UNHEALTHY = Status


def test_the_database_says_how_it_is(db: None) -> None:
    found = Database().run()
    assert (found.status, found.message) == (HEALTHY, "Database connection OK")
    if connections["default"].vendor == "postgresql":
        assert 0 < found.details["connections"] <= found.details["max_connections"]
    assert found.details["version"]


def test_a_database_file_that_is_gone_is_not_made_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if connections["default"].vendor != "sqlite":
        pytest.skip("SQLite only")
    monkeypatch.setitem(connections.settings["default"], "NAME", str(tmp_path / "gone.sqlite3"))
    found = Runner().run([Database()])["database"]
    assert (found.status, found.message) == (UNHEALTHY, "The database file does not exist")
    assert list(tmp_path.glob("*.sqlite3")) == []


def test_a_file_that_is_no_database_is_found(db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if connections["default"].vendor != "sqlite":
        pytest.skip("SQLite only")
    (tmp_path / "letter").write_text("Dear Sir or Madam, " * 100)
    monkeypatch.setitem(connections.settings["default"], "NAME", str(tmp_path / "letter"))
    found = Runner().run([Database()])["database"]
    assert (found.status, found.message) == (UNHEALTHY, "The check of database failed: DatabaseError")


def test_redis_says_how_it_is(redis_client: Any) -> None:
    found = redis_check.Redis().run()
    assert (found.status, found.message) == (HEALTHY, "Redis connection OK")
    assert found.details["used_memory"] > 0
    assert found.details["connections"] > 0
    assert found.details["version"]


@pytest.mark.parametrize(
    ("info", "status", "words"),
    [
        ({"used_memory": 95, "maxmemory": 100}, DEGRADED, "95% of its memory"),
        ({"connected_clients": 9_500, "maxclients": 10_000}, DEGRADED, "9500 of 10000"),
        ({"used_memory": 1, "maxmemory": 100, "maxmemory_policy": "allkeys-lru"}, DEGRADED, "may evict"),
        ({"used_memory": 1, "maxmemory": 0, "maxmemory_policy": "allkeys-lru"}, HEALTHY, "OK"),
        ({"used_memory": 1, "maxmemory": 100, "maxmemory_policy": "noeviction"}, HEALTHY, "OK"),
        ({}, HEALTHY, "OK"),
    ],
)
def test_figures_of_redis_are_judged(info: dict[str, Any], status: Status, words: str) -> None:
    found = redis_check.verdict(True, info)
    assert found.status is status
    assert words in found.message


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (redis.exceptions.ReadOnlyError("you can't write to 10.0.0.1"), "ReadOnly"),
        (redis.ResponseError("MISCONF Redis is configured to save, and cannot write to /data"), "MISCONF"),
    ],
)
def test_a_redis_that_takes_no_writes_is_unhealthy_and_says_why_in_a_word(error: Exception, code: str) -> None:
    found = redis_check.verdict(error, {})
    assert (found.status, found.message) == (UNHEALTHY, f"Redis takes no writes ({code})")


def test_a_redis_without_memory_left_is_unhealthy(
    configure: Callable[..., None], tmp_path: Path, redis_client: Any
) -> None:
    from launcher.redis_server import RedisServer

    server = RedisServer(tmp_path / "redis")
    server.start()
    try:
        configure(REDIS_URL=server.url)
        with redis.Redis.from_url(server.url) as other:
            other.config_set("maxmemory", "1mb")
        found = redis_check.Redis().run()
    finally:
        server.stop()
    assert found.status is UNHEALTHY
    assert "OutOfMemory" in found.message
    assert found.details["max_memory"] == 1024 * 1024


def test_an_object_goes_all_the_way_through_the_storage_and_leaves_nothing() -> None:
    found = Storage().run()
    assert (found.status, found.message) == (HEALTHY, "Storage accessible")
    assert found.details["free_bytes"] > 0
    assert default_storage.listdir("enginel-health")[1] == []


def test_a_storage_without_a_local_path_has_no_free_space(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "tests.health.stubs.Remote"}}
    found = Storage().run()
    assert (found.status, found.details) == (HEALTHY, {})


def test_a_storage_that_returns_something_else_is_unhealthy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.health.checks.storage.ContentFile", lambda _: __import__("io").BytesIO(b"other"))
    assert Storage().run().status is UNHEALTHY
    assert default_storage.listdir("enginel-health")[1] == []


def test_a_storage_that_cannot_be_written_is_unhealthy(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.MEDIA_ROOT = tmp_path / "file"
    found = Runner().run([Storage()])["storage"]
    assert found.status is UNHEALTHY
    assert str(tmp_path) not in found.message


@pytest.mark.parametrize(
    ("free", "inodes", "status"),
    [(10 << 30, 0.5, HEALTHY), (1 << 30, 0.5, DEGRADED), (1 << 20, 0.5, UNHEALTHY), (10 << 30, 0.01, DEGRADED)],
)
def test_free_space_is_judged(free: int, inodes: float, status: Status) -> None:
    disk = space.Space(Path("/"), 1, 100 << 30, free, inodes)
    assert space.judge(disk, Config(), "fine", {}).status is status


def test_every_disk_is_looked_at_once_also_by_folders_that_do_not_exist_yet(
    configure: Callable[..., None], tmp_path: Path
) -> None:
    configure(DISK_PATHS=[str(tmp_path / "not" / "yet"), str(tmp_path)])
    found = Disk().run()
    paths = [disk["path"] for disk in found.details["disks"]]
    assert paths.count(str(tmp_path)) <= 1
    assert found.status in Status
    assert str(tmp_path) not in found.message


def test_migrations_are_applied_here(db: None) -> None:
    assert Migrations().run().message == "All migrations are applied"


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_is_not_applied_is_found_and_named() -> None:
    recorder = MigrationRecorder(connections["default"])
    last = max(name for app, name in recorder.applied_migrations() if app == "monitoring")
    recorder.record_unapplied("monitoring", last)
    try:
        found = Migrations().run()
        assert found.status is UNHEALTHY
        assert "not applied; run manage.py migrate" in found.message
        assert found.details["missing"] == [f"monitoring.{last}"]
    finally:
        recorder.record_applied("monitoring", last)


def test_intake_looks_at_the_oldest_event(redis_client: Any) -> None:
    assert intake.Intake().run().status is HEALTHY
    stream = Stream(get_config().stream_prefix, 0, MEASURES)
    client().xadd(stream.key, {"d": "x"}, id=f"{client().time()[0] - 60}000-0")
    found = intake.Intake().run()
    assert (found.status, found.details["entries"]) == (DEGRADED, 1)
    assert "has waited for 6" in found.message


def test_intake_that_is_far_behind_is_unhealthy() -> None:
    assert intake.judge(299.0, 1, Config()).status is DEGRADED
    assert intake.judge(300.0, 1, Config()).status is UNHEALTHY


@pytest.mark.parametrize(("code", "status"), [(204, HEALTHY), (404, DEGRADED), (500, UNHEALTHY), (503, UNHEALTHY)])
def test_a_dependency_is_judged_by_its_status(httpserver: Any, code: int, status: Status) -> None:
    httpserver.expect_request("/health").respond_with_data("", status=code)
    found = Dependency("d", "d", url=httpserver.url_for("/health")).run()
    assert (found.status, found.details["status_code"]) == (status, code)


def test_a_dependency_that_redirects_without_end_is_unhealthy(httpserver: Any) -> None:
    httpserver.expect_request("/").respond_with_data("", status=302, headers={"Location": httpserver.url_for("/")})
    assert Dependency("d", "d", url=httpserver.url_for("/")).run().message == "More than 3 redirects"


def test_a_dependency_that_is_silent_is_unhealthy(black_hole: int) -> None:
    check = Dependency("d", "d", time_limit=0.2, url=f"http://127.0.0.1:{black_hole}/?token=secret")
    assert check.run().message == "No answer within 0.2 s"


def test_a_dependency_that_is_away_is_unhealthy_and_its_address_stays_secret() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found = Dependency("d", "d", url=f"http://user:secret@127.0.0.1:{port}/?token=secret").run()
    assert (found.status, found.message) == (UNHEALTHY, "No answer: ConnectionError")
    assert "secret" not in repr(found)


def test_a_body_without_end_is_not_read(httpserver: Any) -> None:
    assert dependency.verdict(200, 0.1).status is HEALTHY
    httpserver.expect_request("/").respond_with_data("x" * 10_000_000)
    assert replace(Dependency("d", "d"), url=httpserver.url_for("/")).run().status is HEALTHY

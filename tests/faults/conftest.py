"""What every test of faults stands on: streams of its own, and a database that other processes can open as well."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from monitoring.recording.recorder import recorder
from tests.faults.proxy import Proxy

_templates: dict[str, Path] = {}


@pytest.fixture(autouse=True)
def own_streams(clean_process: None, settings: Any) -> Iterator[None]:
    """Give each test a prefix of its own: an earlier test's thread may still send what that test left behind."""
    settings.MONITORING = {**settings.MONITORING, "STREAM_PREFIX": f"t{uuid.uuid4().hex[:12]}"}
    yield
    recorder.reset()


@pytest.fixture
def configure(settings: Any) -> Callable[..., None]:
    """Return what changes keys of `MONITORING` and makes the recorder begin anew with them."""

    def change(**values: Any) -> None:
        settings.MONITORING = {**settings.MONITORING, **values}

    return change


@pytest.fixture
def still(configure: Callable[..., None]) -> None:
    """Keep the flusher's thread from sending by itself: only an explicit `flush` does."""
    configure(FLUSH_INTERVAL=3600.0, FLUSH_EVENTS=1_000_000)


@pytest.fixture
def database(transactional_db: None, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make sure that the test database can be shared by processes: on SQLite it is a file instead of memory."""
    connection = connections["default"]
    if connection.vendor != "sqlite":
        yield
        connections.close_all()
        return
    settings_dict = connections.settings["default"]
    in_memory, name = connection.connection, settings_dict["NAME"]
    path = tmp_path / "test.sqlite3"
    shutil.copy(_template(connection, tmp_path_factory), path)
    connection.connection = None
    settings_dict["NAME"] = str(path)
    yield
    connection.close()
    settings_dict["NAME"] = name
    connection.connection = in_memory


def _template(connection: Any, folders: pytest.TempPathFactory) -> Path:
    """Copy the empty test database into a file, once a session."""
    if "empty" not in _templates:
        path = folders.mktemp("template") / "empty.sqlite3"
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(path)])
        _templates["empty"] = path
    return _templates["empty"]


@pytest.fixture
def proxy(redis_url: str, configure: Callable[..., None]) -> Iterator[Proxy]:
    """Put a proxy between the recorder and Redis."""
    with Proxy(redis_url) as one:
        configure(REDIS_URL=one.url, SEND_TIMEOUT=1.0)
        yield one

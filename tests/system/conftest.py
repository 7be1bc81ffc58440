"""Fixtures of tests that run whole platforms. Importing `.platform` puts the launcher on the path, for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.crew import Crew

from . import crews as workers
from .databases import migrated_database
from .platform import Client, Platform, private_postgres
from .statics import statics
from .watching import Watching


@pytest.fixture(scope="session", autouse=True)
def shared_statics(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> None:
    """Collect static files once for all platforms that do not ask for a start from nothing."""
    base = tmp_path_factory.getbasetemp()
    statics.folder = (base if worker_id == "master" else base.parent) / "collected-static"


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A platform that is not started yet."""
    with migrated_database() as database_url:
        made = Platform(tmp_path, database_url)
        try:
            yield made
        finally:
            made.kill()


@pytest.fixture(scope="module")
def private_server() -> Iterator[Any]:
    """A database server that a test may take away; none where SQLite has to do."""
    with private_postgres() as made:
        yield made


@pytest.fixture(scope="module")
def watched_platform(tmp_path_factory: pytest.TempPathFactory, private_server: Any) -> Iterator[Platform]:
    """A platform as a user has it: every interval is the default."""
    made = Platform(tmp_path_factory.mktemp("platform"), private_server.url if private_server else "")
    try:
        made.start()
        yield made
    finally:
        made.kill()


@pytest.fixture(scope="module")
def crews(watched_platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Crew]]:
    """Workers of a service that the platform watches, by the names of their queues."""
    with workers.running(watched_platform, tmp_path_factory.mktemp("crews")) as made:
        yield made


@pytest.fixture
def watching(watched_platform: Platform, capsys: pytest.CaptureFixture[str]) -> Iterator[Watching]:
    """Looks at that platform from now on; what it notes is printed."""
    made = Watching(Client(watched_platform))
    yield made
    with capsys.disabled():
        print(f"\n\n{made}\n")

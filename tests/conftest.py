"""Fixtures of all tests: a Redis of one's own for each worker, a clean recorder, and eager folding on request."""

from __future__ import annotations

import gc
import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from hypothesis import settings as hypothesis_settings

from tests.emptying import empty
from tests.order import spread

# Examples are slow on a busy machine: time is no verdict here, and neither is chance.
hypothesis_settings.register_profile("enginel", deadline=None, derandomize=True, database=None, max_examples=50)
hypothesis_settings.load_profile("enginel")

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


_DATABASE_FIXTURES = frozenset({"db", "transactional_db", "django_db_setup"})


def pytest_configure() -> None:
    """Empty the database faster than Django does."""
    from django.test import TransactionTestCase

    TransactionTestCase._fixture_teardown = empty  # type: ignore[method-assign]


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays until the end: it takes a tenth of the time otherwise."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that touch no database, of which one run is enough, and let those that wait begin early."""
    for item in items:
        names = frozenset(getattr(item, "fixturenames", ()))
        if not names & _DATABASE_FIXTURES and not item.get_closest_marker("django_db"):
            item.add_marker("databaseless")
    items[:] = spread(items, lambda item: str(item.path), waits=lambda item: "system" in item.keywords)


@pytest.fixture(scope="session")
def redis_url() -> str:
    """Address of the Redis database that belongs to this test worker alone."""
    base = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
    return f"{base.rpartition('/')[0]}/{_WORKER + 1}"


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[Any]:
    """An empty Redis database."""
    client = redis.Redis.from_url(redis_url)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture(autouse=True)
def clean_process(settings: Any, redis_url: str, tmp_path: Any) -> Iterator[None]:
    """Give every test this worker's Redis, a fresh recorder, and no memory of other tests' tables."""
    from monitoring.recording.recorder import recorder
    from monitoring.storage import names, partitions

    prefix = f"test-{uuid.uuid4().hex[:8]}"
    settings.MONITORING = {**settings.MONITORING, "REDIS_URL": redis_url, "STREAM_PREFIX": prefix}
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    names.forget()
    partitions.forget()
    yield
    recorder.close()
    names.forget()
    partitions.forget()


@pytest.fixture(autouse=True)
def patient_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let probes wait longer than in production: other tests keep the cores busy, and time is no verdict here."""
    from monitoring.access import probes
    from monitoring.health import board, readiness

    monkeypatch.setattr(board, "_FIRST_ANSWER_SECONDS", 20.0)
    monkeypatch.setattr(board, "_INLINE_SECONDS", 20.0)
    monkeypatch.setattr(readiness, "LIMIT", 20.0)
    monkeypatch.setattr(probes, "LIMIT_SECONDS", 60.0)


@pytest.fixture
def eager(settings: Any, db: None) -> None:
    """Fold what is recorded at once, in the calling thread and connection."""
    settings.MONITORING = {**settings.MONITORING, "EAGER": True}

"""Where strategies act in tests: this worker's Redis, its database, and real workers."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.db import DEFAULT_DB_ALIAS

from monitoring.conf import get_config
from monitoring.decisions import project
from monitoring.jobs.actions.remote import open_to
from monitoring.recovery.strategies.base import Applied, Case, Order, Plan, Seen, Site, Strategy
from monitoring.stream import heartbeats
from monitoring.stream.connection import connect
from tests.jobs.actions.conftest import Yard, app, patient, shop, yard

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "bin"))  # the servers that tests start
__all__ = ["Yard", "app", "patient", "shop", "yard"]


def wait_for(look: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """Return what there is to see, once there is."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.02)
    return seen


def case(**values: Any) -> Case:
    """Something that is to be recovered."""
    told: dict[str, Any] = {
        "recovery_id": uuid.uuid4(),
        "error_id": uuid.uuid4(),
        "group_id": None,
        "service": "enginel",
        "environment": "production",
        "error_type": "ConnectionError",
        "exception_type": "builtins.ConnectionError",
        "kind": "network_error",
        "severity": "high",
        "message": "no",
        "fingerprint": "f" * 16,
        "name": "GET api/designs/",
        "occurred": datetime.now(UTC),
    }
    return Case(**(told | values))


def order(of: Case, plan: Plan) -> Order:
    """Have it done."""
    return Order(uuid.uuid4(), of, plan, datetime.now(UTC))


def site_of(celery: Celery | None = None) -> Site:
    """Where strategies act."""
    config = get_config()
    client = connect(config.redis_url, 5.0, 8)

    def workers() -> dict[str, heartbeats.Heartbeat]:
        found = heartbeats.read(client, config.stream_prefix)
        return {one.node: one for one in found if one.kind == "worker"}

    def processes() -> list[heartbeats.Heartbeat]:
        read = (heartbeats.read_web, heartbeats.read_processes)
        return [one for some in read for one in some(client, config.stream_prefix)]

    def remote() -> Any:
        assert celery is not None
        return open_to(celery)

    return Site(
        config=config,
        alias=DEFAULT_DB_ALIAS,
        client=client,
        remote=remote,
        workers=workers,
        processes=processes,
        project=lambda: project(config),
    )


@pytest.fixture
def site() -> Site:
    return site_of()


def effect(strategy: Strategy, of: Order, applied: Applied | None, where: Site) -> Seen:
    """Look until it is known whether an action took effect."""

    def look() -> Seen | None:
        seen = strategy.seen(of, applied, where)
        return None if seen.effect is None else seen

    found: Seen = wait_for(look, "whether it took effect is known")
    return found

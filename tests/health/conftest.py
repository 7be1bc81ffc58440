"""What tests of health stand on: settings, stubs that forget, and servers that do not answer."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.connection import AbstractConnection

from monitoring.component import Status
from monitoring.conf import get_config
from monitoring.health import board, readiness
from monitoring.health.registry import load
from monitoring.health.snapshot import Known, Snapshot, encode
from monitoring.stream import snapshots
from monitoring.stream.connection import connect
from tests.health import stubs

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bin"))


@pytest.fixture
def configure(settings: Any) -> Callable[..., None]:
    """Return what changes keys of `MONITORING`; every process-wide object of health begins anew with them."""

    def change(**values: Any) -> None:
        settings.MONITORING = {**settings.MONITORING, **values}

    return change


@pytest.fixture(autouse=True)
def fresh_stubs() -> Iterator[None]:
    stubs.Billing.outcome, stubs.Billing.runs = stubs.GOOD, 0
    yield
    stubs.Billing.outcome, stubs.Billing.runs = stubs.GOOD, 0


@pytest.fixture
def black_hole(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server that takes connections and never says a word; probes do not wait long for it."""
    monkeypatch.setattr(board, "_FIRST_ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(board, "_INLINE_SECONDS", 2.0)
    monkeypatch.setattr(readiness, "LIMIT", 2.0)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The Redis commands that the test's own thread sends, over whatever connection: events, snapshot, broker."""
    sent: list[str] = []
    me = threading.get_ident()
    send = AbstractConnection.send_packed_command

    def count(self: Any, command: Any, *arguments: Any, **options: Any) -> Any:
        if threading.get_ident() == me:
            sent.append(repr(command))
        return send(self, command, *arguments, **options)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", count)
    return sent


@pytest.fixture
def publish(redis_client: Any) -> Callable[..., None]:
    """Return what publishes a snapshot in which some components have these statuses, and all others are healthy."""

    def put(**statuses: Status) -> None:
        config = get_config()
        client = connect(config.redis_url, 5.0)
        held = snapshots.read(client, config.stream_prefix)
        version, now = (held.version if held else 0), time.time()
        known = {
            name: Known(name, statuses.get(name, Status.HEALTHY), (0,), f"This is {name}", {}, (), now, now)
            for name in load(config).components
        }
        body = encode(Snapshot(version + 1, now, known))
        assert snapshots.publish(client, config.stream_prefix, version, version + 1, body)
        client.connection_pool.disconnect()

    return put

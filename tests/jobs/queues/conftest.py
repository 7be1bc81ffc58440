"""Celery apps of the tests' own, on this worker's Redis."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import Celery, current_app, signals
from redis.connection import AbstractConnection

from monitoring.recording.stamp import HEADER
from tests.api.conftest import admin, api

__all__ = ["admin", "api"]

MakeApp = Callable[..., Celery]
PATIENCE = 15
"""Seconds in which a broker that is away is given up, on the slowest machine; kombu itself waits for 19."""


@pytest.fixture
def make_app(redis_url: str, redis_client: Any) -> Iterator[MakeApp]:
    """Make an app the current one, with any settings; the broker is this worker's Redis unless given."""
    before, made = current_app._get_current_object(), []
    signals.before_task_publish.connect(_age, weak=False, dispatch_uid="tests")

    def make(broker: str = redis_url, **conf: Any) -> Celery:
        app = Celery("shop", broker=broker, set_as_current=True)
        app.conf.update({"task_default_queue": "orders", **conf})
        made.append(app)
        return app

    yield make
    signals.before_task_publish.disconnect(_age, dispatch_uid="tests")
    for app in made:
        app.close()
    before.set_current()


@pytest.fixture
def app(make_app: MakeApp) -> Celery:
    return make_app()


@pytest.fixture
def redis_calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What this thread sends to any Redis; a pipeline is one call."""
    sent: list[Any] = []
    here = threading.get_ident()
    send = AbstractConnection.send_packed_command

    def noted(connection: Any, command: Any, *args: Any, **kwargs: Any) -> Any:
        if threading.get_ident() == here:
            sent.append(command)
        return send(connection, command, *args, **kwargs)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", noted)
    return sent


@pytest.fixture
def unreachable() -> Iterator[str]:
    """Address of a broker that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def send(app: Celery, queue: str = "orders", *, ago: float | None = 0.0, **options: Any) -> str:
    """Send a task; `ago` is for how many seconds its stamp says it waits, None leaves the stamp out."""
    return str(app.send_task("shop.sell", queue=queue, headers={"ago": ago}, **options).id)


def _age(headers: dict[str, Any], **_: Any) -> None:
    """Replace the stamp, if any, by one of another time."""
    if "ago" in headers:
        headers.pop(HEADER, None)
        if (ago := headers.pop("ago")) is not None:
            headers[HEADER] = stamp(time.time() - ago)


def stamp(at: float) -> str:
    return f"{int(at * 1e9)};{int(at * 1e9)};;;;;"


def raw_message(at: float | None = None, body: bytes = b"[[], {}, {}]", **headers: Any) -> bytes:
    """A message as kombu puts it into a list."""
    task_id = str(uuid.uuid4())
    told = {} if at is None else {HEADER: stamp(at)}
    message = {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": "shop.sell", "id": task_id, **headers, **told},
        "properties": {
            "correlation_id": task_id,
            "delivery_info": {"exchange": "", "routing_key": "orders"},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
        },
    }
    return json.dumps(message).encode()


def until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)

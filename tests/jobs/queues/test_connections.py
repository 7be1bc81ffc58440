"""The one connection of a process to the broker: where it leads, and what becomes of it in trouble."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from monitoring.jobs.queues import brokers
from monitoring.jobs.queues.brokers import BrokerAwayError, UnsupportedBrokerError, access

from .conftest import PATIENCE, MakeApp, send, until

REFUSED = "redis://127.0.0.1:1/0"


def depth(name: str = "orders") -> int:
    return brokers.read([name]).queues[name].depth


@pytest.mark.parametrize("broker", [REFUSED, "amqp://127.0.0.1:1//", "redis://no-such-host.invalid/0"])
def test_a_broker_that_is_away_is_said_to_be(make_app: MakeApp, broker: str) -> None:
    make_app(broker)
    began = time.monotonic()
    with pytest.raises(BrokerAwayError):
        depth()
    with pytest.raises(BrokerAwayError):
        brokers.unacked_holds(["any"])
    assert time.monotonic() - began < PATIENCE


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_never_answers_is_given_up(make_app: MakeApp, unreachable: str, scheme: str) -> None:
    make_app(unreachable.replace("redis:", f"{scheme}:"))
    began = time.monotonic()
    with pytest.raises(BrokerAwayError):
        depth()
    assert time.monotonic() - began < PATIENCE


def test_what_is_said_of_a_broker_that_is_away_holds_no_password(make_app: MakeApp) -> None:
    make_app("redis://:hunter2@127.0.0.1:1/0")
    with pytest.raises(BrokerAwayError) as caught:
        depth()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("broker", ["memory://", "filesystem://"])
def test_a_broker_of_another_kind_is_not_supported(make_app: MakeApp, broker: str) -> None:
    make_app(broker)
    with pytest.raises(UnsupportedBrokerError, match=broker.partition(":")[0]):
        depth()
    with pytest.raises(UnsupportedBrokerError):
        brokers.unacked_holds(["any"])


def test_of_several_addresses_the_next_is_tried_the_next_time(make_app: MakeApp, redis_url: str) -> None:
    send(make_app())
    make_app(f"{REFUSED};{redis_url}")
    with pytest.raises(BrokerAwayError):
        depth()
    assert depth() == 1


def test_a_connection_that_breaks_is_made_anew(app: Celery, redis_client: Any) -> None:
    send(app)
    depth()
    mine = redis_client.connection_pool.connection_kwargs["db"]
    for one in redis_client.client_list():
        if int(one["db"]) == mine and int(one["id"]) != redis_client.client_id():
            redis_client.client_kill_filter(_id=one["id"])
    until(lambda: _depth_or_none() == 1)


def _depth_or_none() -> int | None:
    try:
        return depth()
    except BrokerAwayError:
        return None


def test_one_connection_serves_all_threads_in_turn(app: Celery, redis_client: Any) -> None:
    send(app)
    found: list[int] = []

    def ask() -> None:
        app.set_current()
        found.append(depth())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 8


def test_a_thread_that_waits_in_vain_for_its_turn_is_told(app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    depth()
    monkeypatch.setattr(access, "_LOCK_SECONDS", 0.01)
    with access._held[os.getpid()].lock, pytest.raises(BrokerAwayError):
        depth()


def test_a_forked_child_has_a_connection_of_its_own(app: Celery) -> None:
    send(app)
    depth()
    child = os.fork()
    if child == 0:
        os._exit(0 if _depth_or_none() == 1 else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert depth() == 1


SENTINEL = shutil.which("redis-server")


@pytest.fixture
def sentinel(redis_url: str, tmp_path: Path) -> Iterator[str]:
    """Address of a Sentinel that watches this worker's Redis."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    master = redis.Redis.from_url(redis_url).connection_pool.connection_kwargs
    lines = [
        f"port {port}",
        f"dir {tmp_path}",
        "sentinel deny-scripts-reconfig yes",
        f"sentinel monitor shop {master['host']} {master['port']} 1",
    ]
    if master.get("password"):
        lines.append(f"sentinel auth-pass shop {master['password']}")
    configuration = tmp_path / "sentinel.conf"
    configuration.write_text("\n".join(lines))
    process = subprocess.Popen([str(SENTINEL), str(configuration), "--sentinel"], stdout=subprocess.DEVNULL)
    client = redis.Redis(port=port)
    until(lambda: _answers(client))
    yield f"sentinel://:{master.get('password') or ''}@127.0.0.1:{port}/{master['db']}"
    client.close()
    process.send_signal(signal.SIGKILL)
    process.wait()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


@pytest.mark.skipif(SENTINEL is None, reason="there is no redis-server, and so no Sentinel")
def test_a_sentinel_leads_to_the_queues(make_app: MakeApp, sentinel: str) -> None:
    options = {"master_name": "shop", "global_keyprefix": "eu:"}
    send(make_app(broker_transport_options={"global_keyprefix": "eu:"}), ago=30, priority=9)
    make_app(sentinel, broker_transport_options=options)
    reading = brokers.read(["orders"]).queues["orders"]
    assert (reading.depth, reading.by_priority[9]) == (1, 1)
    assert reading.oldest == pytest.approx(time.time() - 30, abs=5)


def test_looking_at_queues_imports_no_numpy() -> None:
    script = "import django; django.setup(); import monitoring.jobs.queues.watch, sys; sys.exit('numpy' in sys.modules)"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "enginel.settings"}
    assert subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0

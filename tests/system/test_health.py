"""What probes are answered while parts of a real platform are frozen or gone."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from launcher.postgres_server import PostgresServer, find_binaries

from .platform import Answer, Client, Platform, wait_until

pytestmark = pytest.mark.system

ALIVE, READY, DETAILED = "/api/health/", "/api/health/ready/", "/api/health/detailed/"


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A database server that the test may stop."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's server is not installed")
    made = PostgresServer(binaries)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def platform(tmp_path: Path, server: PostgresServer) -> Iterator[Platform]:
    made = Platform(tmp_path, server.url)
    yield made
    made.kill()


def test_probes_tell_what_is_wrong_and_never_hang(platform: Platform, server: PostgresServer) -> None:
    settings = {"HEALTH_STALE_SECONDS": 7, "HEALTH_GRACE_SECONDS": 600, "HEALTH_FALL": 1, "HEALTH_RISE": 1}
    platform.start(MONITORING=json.dumps(settings))
    client = Client(platform)

    def ask() -> list[dict[str, Any]]:
        """Read the detailed answer of both web processes, which follow by themselves; eight times reaches both."""
        return [client.get(DETAILED).json for _ in range(8)]

    def codes() -> set[tuple[int, ...]]:
        return {tuple(client.get(path).status for path in (ALIVE, READY, DETAILED)) for _ in range(8)}

    def become(expected: tuple[int, int, int], why: str) -> dict[str, Any]:
        wait_until(lambda: codes() == {expected}, why, 90, lambda: (codes(), client.get(DETAILED).text))
        return dict(client.get(DETAILED).json["checks"])

    def all_healthy() -> bool:
        return {answer["status"] for answer in ask()} == {"healthy"}

    wait_until(all_healthy, "every component was evaluated", 90, lambda: client.get(DETAILED).text)
    assert client.get(DETAILED).json["checks"]["celery"]["message"] == "2 worker(s) active"
    for path in (ALIVE, READY, DETAILED):
        assert without_host(platform, path).status == 200

    with frozen(platform, "beat"):
        checks = become((200, 200, 503), "a dead evaluator is missed, and empties no load balancer")
        assert "The health evaluator is dead" in checks["evaluator"]["message"]
    become((200, 200, 200), "beat is back")

    with frozen(platform, "redis"):
        checks = become((200, 503, 503), "Redis is missed")
        assert checks["redis"]["message"] == "Redis does not answer this process"
    become((200, 200, 200), "Redis is back")

    process = server._process
    assert process is not None
    process.send_signal(signal.SIGINT)
    process.wait(30)
    checks = become((200, 503, 503), "the database is missed")
    assert checks["database"]["status"] == "unhealthy"
    with redis.Redis.from_url(platform.secret("redis/url")) as reader:
        before = version(reader)
        wait_until(lambda: version(reader) >= before + 2, "evaluation goes on without a database")
    assert client.get(DETAILED).json["checks"]["evaluator"]["status"] == "healthy"


def version(reader: Any) -> int:
    """Return the number of the last snapshot."""
    return int(reader.get("enginel:health").split()[0])


@contextmanager
def frozen(platform: Platform, name: str) -> Iterator[None]:
    """Stop a process of the platform without its noticing: it keeps its connections, and answers nobody."""
    assert platform.process is not None
    family = psutil.Process(platform.process.pid).children()
    chosen = [one for one in family if is_called(one.cmdline(), name)]
    assert len(chosen) == 1, [one.cmdline() for one in family]
    chosen[0].suspend()
    try:
        yield
    finally:
        chosen[0].resume()


def is_called(command: list[str], name: str) -> bool:
    """Whether a command line is that of `beat`, or of the Redis server."""
    return "beat" in command if name == "beat" else any("valkey" in part or "redis-server" in part for part in command)


def without_host(platform: Platform, path: str) -> Answer:
    """Ask as NGINX does: HTTP/1.0, and not a word about the host."""
    with socket.create_connection(("127.0.0.1", platform.port), 10) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    return Answer(int(answer.split()[1]), answer.partition("\r\n\r\n")[2])

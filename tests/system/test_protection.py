"""A client that causes errors is refused within seconds, in real processes; nobody else notices, and it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, cast

import psutil
import pytest
import redis

from .platform import ROOT, Client, Platform, paused, wait_until
from .visitors import PROXY, Visitor

pytestmark = pytest.mark.system

CULPRIT, OTHER = "203.0.113.7", "203.0.113.8"
KEY = f"blocked_ip:{CULPRIT}"
BLOCK_SECONDS = 60


def _redis(platform: Platform) -> Any:
    return redis.Redis.from_url(platform.secret("redis/url"), decode_responses=True)


def test_a_client_that_causes_errors_is_refused_and_nobody_else(platform: Platform) -> None:
    platform.start(ENABLE_TEST_ERROR="1", TRUSTED_PROXIES=PROXY, IP_BLOCK_DURATION_SECONDS=str(BLOCK_SECONDS))
    culprit, other, store = Visitor(platform, CULPRIT), Visitor(platform, OTHER), _redis(platform)

    def told() -> str:
        return Client(platform).get("/api/monitoring/protection/").text

    assert [culprit.fail() for _ in range(5)] == [500] * 5
    wait_until(lambda: store.get(f"error_count:ip:{CULPRIT}") == "5", "five errors are counted", why_not=told)
    assert culprit.visit().status == 404  # five are within the limit

    assert culprit.fail() == 500
    wait_until(lambda: culprit.visit().status == 429, "the sixth error blocks the client", why_not=told)
    refused = culprit.visit()
    assert 0 < int(refused.headers["Retry-After"]) <= BLOCK_SECONDS
    assert refused.headers["Content-Type"].startswith("application/problem+json")
    assert refused.json["status"] == 429
    assert "<html" in culprit.visit(Accept="text/html").text
    assert culprit.visit(X_Forwarded_For="198.51.100.1").status == 429  # nobody's word for who they are
    assert culprit.ask("GET", "/api/health/").status == 200  # probes are never refused
    wait_until(lambda: 0 < cast(int, store.ttl(KEY)) <= BLOCK_SECONDS, "the documented key tells of it")
    assert (other.visit().status, other.fail()) == (404, 500)

    # Redis hangs: what is known holds.
    (server,) = [one for one in psutil.process_iter(["name"]) if "valkey" in one.info["name"] and _is_of(one, platform)]
    with paused(server):
        assert (culprit.visit().status, other.visit().status) == (429, 404)

    # Redis is flushed: what is known holds, and the key comes back.
    store.flushall()
    assert culprit.visit().status == 429
    wait_until(lambda: store.exists(KEY), "the block is projected anew")

    # The key is deleted by hand: that unblocks, and what led to the block does not count again.
    store.delete(KEY)
    wait_until(lambda: culprit.visit().status == 404, "the client may come back", 15)
    assert [culprit.fail() for _ in range(5)] == [500] * 5
    wait_until(lambda: store.get(f"error_count:ip:{CULPRIT}") == "5", "five errors are counted")
    assert culprit.visit().status == 404

    # Blocked once more, and let go by the command.
    assert culprit.fail() == 500
    wait_until(lambda: culprit.visit().status == 429, "the client is refused again")
    command = [sys.executable, "manage.py", "unblock", CULPRIT]
    done = subprocess.run(command, cwd=ROOT, env=platform.environment(), capture_output=True, text=True, check=True)
    assert CULPRIT in done.stdout
    wait_until(lambda: culprit.visit().status == 404, "the client was let go", 15)

    # Blocked by an admin for some seconds: that ends by itself.
    body = json.dumps({"network": CULPRIT, "seconds": 3, "reason": "a test"}).encode()
    token = f"Bearer {platform.secret('admin-token')}"
    admin = Visitor(platform)
    path = "/api/monitoring/protection/blocks/"
    made = admin.ask("POST", path, body, Content_Type="application/json", Authorization=token)
    assert made.status == 201, made.text
    wait_until(lambda: culprit.visit().status == 429, "the client is refused at once")
    wait_until(lambda: culprit.visit().status == 404, "the block has ended", 15)
    blocks = admin.ask("GET", path, Authorization=token).json["results"]
    assert len(blocks) == 3
    assert other.visit().status == 404


def _is_of(process: psutil.Process, platform: Platform) -> bool:
    try:
        return str(platform.state) in " ".join(process.cmdline()) or str(platform.state) in process.cwd()
    except psutil.Error:  # it ended meanwhile
        return False

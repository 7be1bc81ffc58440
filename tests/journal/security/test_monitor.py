"""`SecurityMonitor` as the middleware guide documents it, under Django and Starlette."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from django.test import RequestFactory

from monitoring.journal import SecurityMonitor
from monitoring.journal.security import monitor as module


def _check(monitor: SecurityMonitor, request: Any, context: Any = None) -> dict[str, Any]:
    return asyncio.run(monitor.check_security(request, context))


def _scope(query: bytes = b"", client: str = "203.0.113.7") -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": "/videos",
        "query_string": query,
        "headers": [],
        "client": (client, 1),
        "server": ("shop", 80),
    }


class _Starlette:
    """A request of Starlette's, as far as it is looked at."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self.scope = scope


def test_the_documented_limit_is_a_hundred_and_can_be_set() -> None:
    monitor = SecurityMonitor()
    assert monitor.max_requests_per_minute == 100
    monitor.max_requests_per_minute = 3
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.7")
    found = [_check(monitor, request)["issues_found"] for _ in range(5)]
    assert found == [0, 0, 0, 1, 1]


def test_a_minute_later_the_client_begins_anew() -> None:
    now = [0.0]
    monitor = SecurityMonitor(2, clock=lambda: now[0])
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.7")
    assert [_check(monitor, request)["issues_found"] for _ in range(3)] == [0, 0, 1]
    now[0] = 61.0
    assert _check(monitor, request) == {"issues_found": 0, "issues": []}


@pytest.mark.parametrize(
    "request_of",
    [
        lambda: RequestFactory().get("/videos", {"id": "1' OR '1'='1"}),
        lambda: _Starlette(_scope(b"id=1%27+OR+%271%27%3D%271")),
        lambda: _scope(b"id=1%27+OR+%271%27%3D%271"),
    ],
    ids=["Django", "Starlette", "ASGI"],
)
def test_a_pattern_of_an_attack_is_an_issue_under_every_framework(request_of: Any) -> None:
    found = _check(SecurityMonitor(), request_of())
    (issue,) = found["issues"]
    assert found["issues_found"] == 1
    assert (issue["type"], issue["where"], issue["confidence"]) == ("sql", "query", 0.9)


def test_whoever_cannot_be_told_is_counted_by_the_context() -> None:
    monitor = SecurityMonitor(1)
    scope = _scope() | {"client": None}
    assert _check(monitor, scope, {"ip_address": "203.0.113.9"})["issues_found"] == 0
    assert _check(monitor, scope, {"ip_address": "203.0.113.9"})["issues_found"] == 1
    assert _check(monitor, scope, {"ip_address": "203.0.113.8"})["issues_found"] == 0


@pytest.mark.parametrize("request_", [None, object(), 7, {}], ids=["none", "object", "number", "empty"])
def test_it_raises_nothing_whatever_it_is_given(request_: Any) -> None:
    assert _check(SecurityMonitor(), request_) == {"issues_found": 0, "issues": []}


def test_it_remembers_so_many_clients_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CLIENTS", 10)
    monitor = SecurityMonitor()
    for number in range(100):
        monitor._count(f"client {number}")
    assert len(monitor._seen) == 10


def test_it_needs_no_django() -> None:
    code = "import sys; sys.modules['django'] = None; import asyncio; from monitoring.journal import SecurityMonitor"
    code += "; print(asyncio.run(SecurityMonitor().check_security({'path': '/', 'headers': [], 'query_string': b''})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'issues_found': 0, 'issues': []}"

"""A FastAPI service without Django reports to Enginel, obeys its decisions, and loses nothing when it ends."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from monitoring import decisions
from monitoring.conf import get_config
from monitoring.errors.log.models import ErrorLog
from monitoring.intake.connections import reading_client
from monitoring.performance.models import SlowSample
from monitoring.performance.stats import statistics_of
from monitoring.protection.blocks.actions import block
from monitoring.stream import heartbeats
from tests.pipeline import counted, drain_all

from .clients import Service, link_environment
from .platform import wait_until

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

_APP = """
import logging
import time

from fastapi import APIRouter, FastAPI

from monitoring.recording.asgi import DatabaseError, EnginelMiddleware, health_route

router = APIRouter(prefix="/videos")


@router.get("/{video_id}")
async def video(video_id: int):
    return {"id": video_id}


@router.get("/{video_id}/frames")
def frames(video_id: int):
    time.sleep(0.3)
    return []


@router.get("/{video_id}/broken")
async def broken(video_id: int):
    logging.getLogger("videos").error("about to fail at %s", video_id)
    raise DatabaseError("password=hunter2")


app = FastAPI()
app.include_router(router)
app.routes.append(health_route({"self": lambda: True}))
app.add_middleware(EnginelMiddleware, service="videos", slow_request_seconds=0.2)
"""

_MISSING = """
import importlib, pkgutil
import monitoring.recording as room

missing = []
for module in pkgutil.walk_packages(room.__path__, "monitoring.recording."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError:
        missing.append(module.name.removeprefix("monitoring.recording."))
print(" ".join(missing))
"""
_OF_DJANGO_AND_CELERY = {"beat", "celery", "messages", "middleware", "resilience.caches", "streaming"}


@pytest.fixture
def service(tmp_path: Path, redis_client: Any) -> Iterator[Service]:
    (tmp_path / "service.py").write_text(_APP)
    link_environment(tmp_path / "packages", "fastapi", "uvicorn")
    config = get_config()
    told = {"STREAM_PREFIX": config.stream_prefix, "HEARTBEAT_INTERVAL": 0.5}
    made = Service(tmp_path, {"REDIS_URL": config.redis_url, "MONITORING": json.dumps(told), "RELEASE": "7"})
    yield made
    made.stop()


def ask(service: Service, path: str, client: str = "203.0.113.5") -> tuple[int, Any, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{service.port}{path}", headers={"X-Forwarded-For": client, "X-Request-ID": "it-is-me"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused), refused.headers


def is_up(service: Service) -> bool:
    try:
        return ask(service, "/health")[0] == 200
    except OSError:
        return False


def test_it_reports_obeys_and_loses_nothing(service: Service) -> None:
    assert set(service.run(_MISSING).split()) == _OF_DJANGO_AND_CELERY
    service.start("--workers", "2")
    wait_until(lambda: is_up(service), "uvicorn answers", why_not=lambda: service.output)

    for number in range(10):
        assert ask(service, f"/videos/{number}")[0] == 200
    assert ask(service, "/videos/7/frames")[0] == 200
    status, body, headers = ask(service, "/videos/7/broken")
    assert (status, headers["content-type"]) == (500, "application/problem+json")
    assert body["detail"] == "There was trouble with the database."

    def arrived() -> bool:
        drain_all()
        names = set(ErrorLog.objects.filter(service="videos").values_list("error_type", flat=True))
        return {"DatabaseError", "log"} <= names and SlowSample.objects.exists()

    wait_until(arrived, "its errors and slow requests", why_not=lambda: service.output)
    failed = ErrorLog.objects.get(error_type="DatabaseError")
    assert (str(failed.error_id), failed.request_id) == (body["error"]["error_id"], "it-is-me")
    assert SlowSample.objects.get().name == "GET /videos/{video_id}/frames"

    client, config = reading_client(get_config().redis_url), get_config()
    wait_until(
        lambda: len([one for one in heartbeats.read_web(client, config.stream_prefix) if one.alive]) == 2,
        "both workers live",
    )
    now = datetime.now(UTC)
    block(ip_network("203.0.113.99"), now + timedelta(minutes=10), "a scanner", "boss", now)
    decisions.project(config)
    let_in: list[int] = []  # until both workers know

    def refused() -> bool:
        statuses = [ask(service, "/videos/1", "203.0.113.99")[0] for _ in range(10)]
        let_in.extend(status for status in statuses if status == 200)
        return set(statuses) == {429}

    wait_until(refused, "it is refused")
    assert ask(service, "/health", "203.0.113.99")[0] == 200
    assert ask(service, "/videos/1")[0] == 200

    for _ in range(20):
        ask(service, "/videos/1")
    service.stop()
    drain_all()
    assert statistics_of("request", "GET /videos/{video_id}")["count"] == 31 + len(let_in)
    assert counted("lost") == {}
    wait_until(lambda: not heartbeats.read_web(client, config.stream_prefix), "they said goodbye")

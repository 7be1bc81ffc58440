"""Secrets that are planted wherever an error could pick them up never leave the process: the whole way, for real."""

from __future__ import annotations

import base64
import logging
import uuid
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from celery import Celery
from celery.app.trace import build_tracer
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from monitoring.errors import ErrorTracker
from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.models import ErrorGroup, ErrorLog
from monitoring.jobs.runs.models import TaskRun
from monitoring.performance.models import SlowSample
from monitoring.recording import scrub
from monitoring.recording.recorder import recorder
from tests.errors.bugs.conftest import github, planning  # noqa: F401
from tests.errors.bugs.github import GitHub
from tests.errors.bugs.making import run as file_bugs
from tests.pipeline import client as redis_of_this_test
from tests.pipeline import drain_all

pytestmark = [pytest.mark.urls(__name__), pytest.mark.usefixtures("redis_client"), pytest.mark.django_db]

logger = logging.getLogger("shop.orders")
_planted: dict[str, str] = {}


def plant(channel: str) -> str:
    """Return a secret that nothing else holds."""
    return _planted.setdefault(channel, f"{uuid.uuid4().hex}x{len(_planted)}")


@pytest.fixture(autouse=True)
def no_secrets() -> Iterator[None]:
    _planted.clear()
    yield
    _planted.clear()


def _fail(error: Exception) -> NoReturn:
    raise error


def order(request: HttpRequest, token: str) -> HttpResponse:
    assert request.body or request.POST
    password = credentials = {"password": plant("a local variable")}
    logger.info("asked with session=%s", plant("an argument of a log line"))
    logger.warning(f"refused: {{'secret': '{plant('a log line')}'}}")  # noqa: G004  # as people write it
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s", [plant("a parameter of SQL")])
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM nowhere WHERE password = '{plant('a literal of SQL')}'")
    except DatabaseError:
        logger.exception("lookup with api_key=%s failed", plant("an argument of a logged exception"))
    logger.error("no stock", extra={"token": plant("an extra of a log line")})
    logger.error("Cookie: a=%s", plant("an argument of a logged error"))
    try:
        try:
            _fail(ConnectionError(f"cannot reach amqp://shop:{plant('the address in a cause')}@rabbit:5672//"))
        except ConnectionError as error:
            raise LookupError(f"user shop, password='{plant('the message of a cause')}'") from error
    except LookupError as error:
        context = {
            "api_key": plant("a key of the context"),
            "nested": [{"pin_code": plant("a nested key of the context")}],
            "cache": f"redis://:{plant('an address in the context')}@cache:6379/0",
            "note": f"sent with token={plant('a text in the context')}",
            "command": ["tool", "--password", plant("a command in the context")],
            "request": request,
        }
        ErrorTracker.log_error(error, context, request_path=f"/orders/?token={plant('a path that is told')}")
    raise RuntimeError(f"Authorization: Bearer {plant('the message')} ({len(password) + len(credentials)})")


urlpatterns = [path("orders/<str:token>/", order)]


def ask(kind: str) -> None:
    basic = base64.b64encode(f"shop:{plant('basic, decoded')}".encode()).decode()
    _planted["basic"] = basic
    bodies: dict[str, dict[str, Any]] = {
        "form": {"data": {"name": "bolt", "password": plant("a field of a form")}},
        "json": {
            "data": {"name": "bolt", "card": {"card_number": plant("a field of JSON")}},
            "content_type": "application/json",
        },
    }
    browser = Client(raise_request_exception=False)
    browser.cookies["sessionid"] = plant("the cookie of the session")
    browser.cookies["theme"] = plant("a cookie")
    address = f"/orders/{plant('a part of the path')}/?page=2&api_key={plant('a parameter')}"
    response = browser.post(
        f"{address}&next=https://shop:{plant('an address in a parameter')}@example.com/",
        **bodies[kind],
        headers={
            "authorization": f"Basic {basic}",
            "x-api-key": plant("a header"),
            "x-callback": f"https://example.com/?signature={plant('an address in a header')}",
            "user-agent": f"shop/1.0 (token={plant('the user agent')})",
            "referer": f"https://example.com/?session={plant('the page before')}",
        },
    )
    assert response.status_code == 500


def work() -> None:
    app = Celery("tests", broker="memory://", backend="cache+memory://", set_as_current=False)

    @app.task(name="shop.pay")
    def pay(order: int, password: str, *, card: dict[str, str], note: str) -> None:
        raise ValueError(f"refused: token={plant('the message of a task')}")

    args = [5, plant("an argument of a task")]
    kwargs = {"card": {"cvv": plant("a nested argument")}, "note": f"https://u:{plant('an address in one')}@x/"}
    request = {"id": uuid.uuid4().hex, "delivery_info": {"routing_key": "shop"}, "retries": 0, "is_eager": False}
    build_tracer(pay.name, pay, app=app, propagate=False)(request["id"], args, kwargs, request)
    app.close()


def repeat() -> None:
    for number in range(4):
        try:
            _fail(OSError(f"csrftoken={plant(f'repetition {number}')}"))
        except OSError as error:
            told = f"/told/?token={plant(f'the path of repetition {number}')}"
            ErrorTracker.log_error(error, user_id=f"{plant('a user')}@example.com", request_path=told)


def in_redis() -> bytes:
    """All that lies in Redis, unpacked."""
    redis, found = redis_of_this_test(), []
    readers: dict[bytes, Callable[[bytes], Any]] = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"set": redis.smembers,
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"zset": lambda key: redis.zrange(key, 0, -1),
        b"stream": redis.xrange,
    }
    for key in redis.scan_iter():
        found += [key, *_unpacked(readers[redis.type(key)](key))]
    return b"\n".join(found)


def _unpacked(item: Any) -> Iterator[bytes]:
    if isinstance(item, bytes | memoryview):
        packed = bytes(item)
        yield packed
        try:
            yield zlib.decompress(packed)
        except zlib.error:
            return
    elif isinstance(item, dict):
        yield from _unpacked(list(item.items()))
    elif isinstance(item, list | tuple | set):
        for part in item:
            yield from _unpacked(part)
    else:
        yield str(item).encode()


def in_database() -> bytes:
    """All rows of all of Enginel's tables, unpacked."""
    models = apps.get_app_config("monitoring").get_models()
    return b"\n".join(part for model in models for part in _unpacked(list(model._base_manager.values())))


def found_in(text: bytes) -> list[str]:
    return [channel for channel, secret in _planted.items() if secret.encode() in text]


@pytest.mark.parametrize("kind", ["form", "json"])
@pytest.mark.parametrize("everything", [True, False], ids=["everything is told", "as it comes"])
def test_no_secret_reaches_redis_the_database_files_or_the_tracker(
    kind: str,
    everything: bool,
    settings: Any,
    github: GitHub,  # noqa: F811
    planning: Path,  # noqa: F811
) -> None:
    settings.MONITORING = {
        **settings.MONITORING,
        "RECORD_HEADERS": everything,
        "RECORD_BODY": everything,
        "ERROR_LOCALS": everything,
        "RUN_ARGUMENTS": everything,
        "ERRORS_PER_MINUTE": 2,
        "SLOW_REQUEST_SECONDS": 1e-6,
    }
    ask(kind)
    work()
    repeat()
    assert recorder.flush()
    sent = in_redis()
    assert b"orders/" in sent
    assert found_in(sent) == []
    drain_all()
    file_bugs()
    assert found_in(in_database()) == []
    assert found_in(in_redis()) == []
    files = b"\n".join(file.read_bytes() for file in planning.iterdir())
    assert found_in(files) == []
    assert found_in(str(github.issues).encode()) == []
    _all_of_it_arrived(files, github, everything=everything)


def _all_of_it_arrived(files: bytes, github: GitHub, *, everything: bool) -> None:  # noqa: F811
    """Nothing is found where nothing is: each place that was searched holds what was left of it."""
    messages = set(ErrorLog.objects.values_list("exception_message", flat=True))
    assert {"refused: token=[filtered]", "user shop, password='[filtered]'", "Cookie: [filtered]"} <= messages
    broken = ErrorLog.objects.get(error_type="RuntimeError")
    assert broken.message == "Authorization: [filtered] (2)"
    assert (
        broken.full_url
        == "http://testserver/orders/[filtered]/?page=2&api_key=[filtered]&next=https%3A%2F%2F[filtered]%40example.com%2F"
    )
    assert ("body" in broken.request_data, "headers" in broken.request_data) == (everything, everything)
    assert ("locals" in broken.chain[0]) is everything
    assert ["INFO", "shop.orders", "asked with session=[filtered]"] in [crumb[1:] for crumb in broken.crumbs]
    told = ErrorLog.objects.get(error_type="LookupError")
    assert told.context["command"] == ["tool", "--password", "[filtered]"]
    assert told.chain[1]["message"] == "cannot reach amqp://[filtered]@rabbit:5672//"
    group = ErrorGroup.objects.get(error_type="OSError")
    assert (group.count, group.errors.exclude(kept="").count()) == (4, 2)
    assert set(group.errors.exclude(kept="").values_list("user_key", flat=True)) == {
        scrub.person(f"{plant('a user')}@example.com")
    }
    assert SlowSample.objects.filter(name="POST orders/<str:token>/").count() == 1
    assert bool(TaskRun.objects.get().arguments) is everything
    assert KnownBug.objects.count() == len(github.issues)
    assert b"password='[filtered]'" in files

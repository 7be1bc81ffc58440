"""What the middleware records of a request, and what it leaves alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path

from monitoring.errors.models import ErrorLog
from monitoring.metrics.reader import totals
from monitoring.performance.models import SlowSample
from monitoring.performance.stats import slowest_total
from monitoring.recording.recorder import recorder

pytestmark = [pytest.mark.urls(__name__), pytest.mark.usefixtures("eager")]


def hello(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return HttpResponse("hello")


async def async_hello(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0)
    return HttpResponse("hello")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("it broke")


async def async_endless(request: Any) -> HttpResponse:
    request.scope["began"].set()
    await asyncio.Event().wait()
    return HttpResponse("never")


async def async_broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("it broke")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        yield b"a"
        time.sleep(0.05)
        yield b"b"

    return StreamingHttpResponse(parts())


async def async_stream(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.sleep(0.05)
        yield b"b"

    return StreamingHttpResponse(parts())


def broken_stream(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        yield b"a"
        raise ValueError("in the middle")

    return StreamingHttpResponse(parts())


async def async_broken_stream(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        raise ValueError("in the middle")

    return StreamingHttpResponse(parts())


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(open(__file__, "rb"))


urlpatterns = [
    path("hello/<int:number>/", hello),
    path("async-hello/", async_hello),
    path("async-endless/", async_endless),
    path("broken/", broken),
    path("async-broken/", async_broken),
    path("stream/", stream),
    path("async-stream/", async_stream),
    path("broken-stream/", broken_stream),
    path("async-broken-stream/", async_broken_stream),
    path("file/", file),
]


@pytest.fixture(autouse=True)
def only_our_middleware(settings: Any) -> None:
    settings.MIDDLEWARE = ["monitoring.recording.middleware.MonitoringMiddleware"]


@contextmanager
def kept_connection() -> Iterator[None]:
    """Keep Django from closing the connection that the test still uses when a request begins or ends."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def close(response: Any) -> None:
    """Close a response as a server does after its last byte."""
    with kept_connection():
        response.close()


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def test_a_request_is_recorded_under_its_route_and_method(client: Client) -> None:
    client.get("/hello/1/")
    client.get("/hello/2/")
    client.post("/hello/3/")
    recorded = {name: stats["count"] for name, stats in slowest_total("request").items()}
    assert recorded == {"GET hello/<int:number>/": 2, "POST hello/<int:number>/": 1}


def test_unknown_paths_and_methods_share_one_name_each(client: Client) -> None:
    for number in range(20):
        client.get(f"/nothing/{number}/")
        client.generic(f"BREW{number}", f"/nothing/{number}/")
    assert set(slowest_total("request")) == {"GET <unmatched>", "_OTHER <unmatched>"}


@pytest.mark.parametrize("address", ["static/", "/static/", "https://cdn.example.org/static/"])
def test_static_files_share_one_name_apart_from_what_matches_nothing(
    client: Client, settings: Any, tmp_path: Path, address: str
) -> None:
    (tmp_path / "site.css").write_text("a { color: red }")
    settings.STATIC_URL, settings.STATIC_ROOT = address, str(tmp_path)
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "whitenoise.middleware.WhiteNoiseMiddleware"]
    served = client.get("/static/site.css")
    close(served)
    missing, unknown = client.get("/static/missing.css"), client.get("/statics/")
    assert [answer.status_code for answer in (served, missing, unknown)] == [200, 404, 404]
    recorded = {name: stats["count"] for name, stats in slowest_total("request").items()}
    assert recorded == {"GET <static>": 2, "GET <unmatched>": 1}


@pytest.mark.parametrize("address", [None, "/", "https://cdn.example.org/"])
def test_without_an_address_for_static_files_nothing_is_taken_for_one(
    client: Client, settings: Any, address: str | None
) -> None:
    settings.STATIC_URL = address
    client.get("/static/site.css")
    assert set(slowest_total("request")) == {"GET <unmatched>"}


def test_an_exception_is_recorded_once_with_its_frames_and_route(client: Client) -> None:
    response = client.get("/broken/", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    assert response.status_code == 500
    error = ErrorLog.objects.get()
    assert (error.error_type, error.message, error.name) == ("RuntimeError", "it broke", "GET broken/")
    assert error.trace_id == "a" * 32
    module, file_name, function, line, in_app = error.chain[0]["frames"][-1]
    assert (module, file_name, function, in_app) == (__name__, __file__, "broken", True)
    assert "raise RuntimeError" in Path(__file__).read_text().splitlines()[line - 1]
    assert slowest_total("request")["GET broken/"]["error_count"] == 1


def serve(where: str, **environ: Any) -> Any:
    """Return what a WSGI server gets to send: Django's own test client would close a stream's request for itself."""
    with kept_connection():
        return WSGIHandler()({**RequestFactory().get(where).environ, **environ}, lambda *_: None)


def test_a_stream_is_timed_to_its_last_byte() -> None:
    body = serve("/stream/")
    assert slowest_total("request") == {}
    assert b"".join(body) == b"ab"
    close(body)
    assert slowest_total("request")["GET stream/"]["max_duration"] >= 0.05


def test_a_client_that_leaves_a_stream_is_recorded_when_it_is_closed() -> None:
    body = serve("/stream/")
    next(iter(body))
    close(body)
    close(body)
    assert slowest_total("request")["GET stream/"]["count"] == 1


def test_a_stream_that_breaks_is_an_error_recorded_once() -> None:
    body = serve("/broken-stream/")
    with pytest.raises(ValueError, match="in the middle"):
        b"".join(body)
    close(body)
    stats = slowest_total("request")["GET broken-stream/"]
    assert (stats["count"], stats["error_count"]) == (1, 1)
    assert ErrorLog.objects.get().error_type == "ValueError"


def test_a_file_is_still_sent_by_the_server_itself_and_recorded_when_it_is_closed() -> None:
    body = serve("/file/", **{"wsgi.file_wrapper": FileWrapper})
    assert isinstance(body, FileWrapper)
    assert slowest_total("request") == {}
    close(body)
    assert slowest_total("request")["GET file/"]["count"] == 1


def test_the_response_does_not_vary_by_cookie(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [
        "monitoring.recording.middleware.MonitoringMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ]
    assert "Vary" not in client.get("/hello/1/").headers


def test_a_slow_request_leaves_a_warning_and_a_sample(
    client: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MONITORING = {**settings.MONITORING, "SLOW_REQUEST_SECONDS": 0.0000001}
    client.get("/hello/1/?email=someone@example.org")
    sample = SlowSample.objects.get()
    assert (sample.kind, sample.name) == ("request", "GET hello/<int:number>/")
    assert sample.context["path"] == "/hello/1/"
    assert sample.context["status"] == 200
    assert "example.org" not in str(sample.context)
    assert [record.levelname for record in caplog.records if record.name == "monitoring.slow"] == ["WARNING"]


@pytest.mark.django_db(transaction=True)
class TestUnderAsgi:
    """The same middleware on its asynchronous path."""

    def test_requests_are_recorded_without_blocking_each_other(self) -> None:
        async def both() -> None:
            client = AsyncClient(raise_request_exception=False)
            await asyncio.gather(*(client.get("/async-hello/") for _ in range(10)))

        asyncio.run(both())
        recorder.flush()
        assert slowest_total("request")["GET async-hello/"]["count"] == 10

    def test_an_exception_is_recorded_once(self) -> None:
        async def fail() -> None:
            response = await AsyncClient(raise_request_exception=False).get("/async-broken/")
            assert response.status_code == 500

        asyncio.run(fail())
        recorder.flush()
        assert ErrorLog.objects.get().name == "GET async-broken/"

    def test_a_stream_is_timed_to_its_last_byte(self) -> None:
        sent = asyncio.run(_asgi_get("/async-stream/"))
        recorder.flush()
        assert sent == b"ab"
        assert slowest_total("request")["GET async-stream/"]["max_duration"] >= 0.05

    def test_a_request_whose_client_left_is_recorded_as_499_and_is_no_error(self) -> None:
        sent = asyncio.run(_asgi_get("/async-endless/", leaves=True))
        recorder.flush()
        assert sent == b""
        stats = slowest_total("request")["GET async-endless/"]
        assert (stats["count"], stats["error_count"]) == (1, 0)
        assert totals("metric")["http_status_499"] == 1
        assert not ErrorLog.objects.exists()

    @pytest.mark.parametrize("where", ["async-broken-stream/", "broken-stream/"])
    def test_a_stream_that_breaks_is_an_error_recorded_once(self, where: str) -> None:
        with pytest.raises(ValueError, match="in the middle"):
            asyncio.run(_asgi_get(f"/{where}"))
        recorder.flush()
        stats = slowest_total("request")[f"GET {where}"]
        assert (stats["count"], stats["error_count"]) == (1, 1)
        assert ErrorLog.objects.get().name == f"GET {where}"


async def _asgi_get(where: str, *, leaves: bool = False) -> bytes:
    """Send one request through the real ASGI handler, by a client that leaves once the view has begun or stays."""
    parts: list[bytes] = []
    began = asyncio.Event()
    messages = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        if message := next(messages, None):
            return message
        await (began if leaves else asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        parts.append(message.get("body", b""))

    scope = {
        "type": "http",
        "method": "GET",
        "path": where,
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
        "began": began,
    }
    handler: Any = ASGIHandler()
    await handler(scope, receive, send)
    return b"".join(parts)

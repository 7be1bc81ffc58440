"""A request is recorded with its last byte, however it ends."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as StarletteRequest
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

from monitoring.journal import BusinessLogger
from monitoring.journal.record import record
from monitoring.recording import answered
from monitoring.recording.asgi import EnginelMiddleware, ErrorMonitoringMiddleware, LoggingMiddleware
from monitoring.recording.context import current
from monitoring.recording.events import Amendment, Entry, Error, Request, Slow
from monitoring.recording.recorder import recorder
from tests.recording.asgi.conftest import Server, ask
from tests.recording.recorded import Recorded

START = {"type": "http.response.start", "status": 200, "headers": []}


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


def statuses(recorded: Recorded) -> list[int]:
    return [event.status for event in recorded.of(Request)]


def test_every_message_passes_as_it_is_and_at_once(recorded: Recorded) -> None:
    first, passed = {"type": "http.request", "body": b"a", "more_body": True}, []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert await receive() is first
        for message in (START, part(b"1", more=True), part(b"2", more=True)):
            await send(message)
            passed.append(server.sent[-1] is message)
        assert recorded.of(Request) == []
        await send(part(b""))
        assert statuses(recorded) == [200]

    async def serve() -> None:
        server.incoming.put_nowait(first)
        await server.run()

    server = Server(EnginelMiddleware(app))
    asyncio.run(serve())
    assert passed == [True, True, True]
    assert statuses(recorded) == [200]


def test_what_runs_after_the_last_byte_does_not_count_as_its_duration(recorded: Recorded) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(part(b"done"))
        await asyncio.sleep(0.2)

    asyncio.run(Server(EnginelMiddleware(app)).run())
    (event,) = recorded.of(Request)
    assert event.duration < 200_000_000


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_background_task_that_fails_is_an_error_of_a_request_that_did_not(recorded: Recorded, kind: str) -> None:
    app = FastAPI()

    async def fail_async() -> None:
        raise LookupError("no such mail")

    def fail() -> None:
        raise LookupError("no such mail")

    @app.get("/orders")
    def order(tasks: BackgroundTasks) -> None:
        tasks.add_task(fail if kind == "sync" else fail_async)

    app.add_middleware(EnginelMiddleware)
    ask(app, "GET", "/orders")
    assert statuses(recorded) == [200]
    (error,) = recorded.of(Error)
    assert error.name == "GET /orders"
    assert error.chain[0].type is LookupError


def test_a_stream_that_breaks_is_a_server_error_whatever_was_sent_first(recorded: Recorded) -> None:
    def numbers() -> Any:
        yield b"1"
        raise ArithmeticError

    def endpoint(request: StarletteRequest) -> StreamingResponse:
        return StreamingResponse(numbers())

    ask(EnginelMiddleware(Starlette(routes=[Route("/", endpoint)])), "GET", "/")
    assert statuses(recorded) == [500]
    assert [error.chain[0].type for error in recorded.of(Error)] == [ArithmeticError]


class TestClientsThatGo:
    """A client that is gone is nobody's error: 499."""

    def test_in_the_middle_of_a_stream(self, recorded: Recorded) -> None:
        async def endless() -> Any:
            while True:
                yield b"more"
                await asyncio.sleep(0)

        def endpoint(request: StarletteRequest) -> StreamingResponse:
            return StreamingResponse(endless())

        async def serve() -> None:
            server.on_send = lambda _: server.incoming.put_nowait({"type": "http.disconnect"})
            await server.run()

        server = Server(EnginelMiddleware(Starlette(routes=[Route("/", endpoint)])))
        asyncio.run(serve())
        assert statuses(recorded) == [499]
        assert recorded.of(Error) == []

    def test_while_a_server_writes(self, recorded: Recorded) -> None:
        def broken(message: Any) -> None:
            if message["type"] == "http.response.body":
                raise OSError

        def endpoint(request: StarletteRequest) -> StreamingResponse:
            return StreamingResponse(iter([b"1", b"2"]))

        server = Server(EnginelMiddleware(Starlette(routes=[Route("/", endpoint)])), asgi={"spec_version": "2.4"})
        server.on_send = broken
        with pytest.raises(ClientDisconnect):
            asyncio.run(server.run())
        assert statuses(recorded) == [499]
        assert recorded.of(Error) == []

    def test_while_the_body_is_read(self, recorded: Recorded) -> None:
        async def endpoint(request: StarletteRequest) -> JSONResponse:
            return JSONResponse(await request.json())

        async def serve() -> None:
            server.incoming.put_nowait({"type": "http.disconnect"})
            with pytest.raises(ClientDisconnect):
                await server.run()

        server = Server(EnginelMiddleware(Starlette(routes=[Route("/", endpoint)])))
        asyncio.run(serve())
        assert statuses(recorded) == [499]
        assert recorded.of(Error) == []

    def test_and_the_line_that_the_server_logs_of_it_is_no_error(self, recorded: Recorded) -> None:
        async def endpoint(request: StarletteRequest) -> JSONResponse:
            return JSONResponse(await request.json())

        async def serve() -> None:
            server.incoming.put_nowait({"type": "http.disconnect"})
            try:
                await server.run()
            except ClientDisconnect:
                logging.getLogger("uvicorn.error").exception("Exception in ASGI application")

        server = Server(EnginelMiddleware(Starlette(routes=[Route("/", endpoint)])))
        asyncio.run(serve())
        assert statuses(recorded) == [499]
        assert recorded.of(Error) == []

    def test_but_not_where_the_application_cancels_a_task_of_its_own(self, recorded: Recorded) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            own = asyncio.create_task(asyncio.sleep(30))
            own.cancel()
            await own

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(Server(EnginelMiddleware(app)).run())
        assert statuses(recorded) == [500]

    def test_by_the_server_giving_up(self, recorded: Recorded) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await asyncio.Event().wait()

        async def serve() -> None:
            running = asyncio.create_task(Server(EnginelMiddleware(app)).run())
            await asyncio.sleep(0)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

        asyncio.run(serve())
        assert statuses(recorded) == [499]
        assert recorded.of(Error) == []


def test_an_application_that_answers_nothing_is_broken(recorded: Recorded) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    asyncio.run(Server(EnginelMiddleware(app)).run())
    assert statuses(recorded) == [500]


class SoldError(Exception):
    """The application's own."""


@pytest.mark.parametrize("between", ["nothing", "a middleware with a task of its own"])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_what_a_handler_of_the_application_answers_is_noticed(recorded: Recorded, between: str, kind: str) -> None:
    app = FastAPI()

    def handle(request: Any, error: Exception) -> PlainTextResponse:
        return PlainTextResponse("sold", status_code=503)

    async def handle_async(request: Any, error: Exception) -> PlainTextResponse:
        return handle(request, error)

    @app.get("/")
    def endpoint() -> None:
        raise SoldError

    async def pass_on(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    app.add_exception_handler(SoldError, handle if kind == "sync" else handle_async)
    if between != "nothing":
        app.middleware("http")(pass_on)
    app.add_middleware(EnginelMiddleware)
    assert ask(app, "GET", "/").text == "sold"
    (error,) = recorded.of(Error)
    assert error.chain[0].type is SoldError
    assert error.about["status"] == 503
    assert recorded.of(Amendment) == []


def test_of_answers_of_4xx_the_exception_is_told_and_of_a_missing_page_only_that_it_is_missing(
    recorded: Recorded,
) -> None:
    app = FastAPI()

    @app.get("/teapot")
    def teapot() -> None:
        raise HTTPException(418)

    @app.get("/number/{number}")
    def number(number: int) -> None: ...

    app.add_middleware(EnginelMiddleware)
    for path in ("/teapot", "/number/one", "/nowhere"):
        ask(app, "GET", path)
    assert statuses(recorded) == [418, 422, 404]
    told = [(error.name, error.kind, error.about["status"]) for error in recorded.of(Error)]
    assert told == [
        ("GET /teapot", "exception", 418),
        ("GET /number/{number}", "exception", 422),
        ("GET <unmatched>", "response", 404),
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_of_several_the_outermost_records_what_all_are_for_once(recorded: Recorded, order: tuple[int, ...]) -> None:
    kinds = (ErrorMonitoringMiddleware, LoggingMiddleware, EnginelMiddleware)
    app = FastAPI()
    for place in order:
        app.add_middleware(kinds[place])  # type: ignore[arg-type]
    ask(app, "GET", "/nowhere")
    assert [event.only for event in recorded.of(Request)] == [0]
    assert len(recorded.of(Error)) == 1


def test_slow_requests_leave_a_sample(recorded: Recorded, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "SLOW_REQUEST_SECONDS": 0.000001}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(part(b""))

    asyncio.run(Server(EnginelMiddleware(app), "/some/where").run())
    (sample,) = recorded.of(Slow)
    assert sample.name == "GET <unmatched>"
    assert sample.context["path"] == "/some/where"


def test_64_requests_at_once_keep_their_contexts_apart(recorded: Recorded) -> None:
    seen: dict[str, set[str]] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(5):
            context = current.get()
            assert context is not None
            seen.setdefault(scope["path"], set()).add(context.request_id)
            await asyncio.sleep(0)
        await send(START)
        await send(part(b""))

    async def serve() -> None:
        wrapped = EnginelMiddleware(app)
        await asyncio.gather(
            *(Server(wrapped, f"/{n}", headers=[(b"x-request-id", f"id-{n}".encode())]).run() for n in range(64))
        )
        assert current.get() is None

    asyncio.run(serve())
    assert seen == {f"/{n}": {f"id-{n}"} for n in range(64)}
    assert len(recorded.of(Request)) == 64


def test_nothing_is_left_in_the_scope_that_would_hold_the_context(recorded: Recorded) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(part(b""))

    server = Server(EnginelMiddleware(app))
    asyncio.run(server.run())
    assert "enginel.context" not in server.scope


def test_a_failing_record_leaves_the_answer_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[int] = []
    monkeypatch.setattr(recorder, "failed", lambda: failures.append(1))
    monkeypatch.setattr(answered, "record", None)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(part(b"fine"))

    assert ask(EnginelMiddleware(app), "GET", "/").text == "fine"
    assert failures


def test_where_recording_is_off_the_application_is_called_as_it_is(recorded: Recorded, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "ENABLED": False}
    given: list[Any] = []

    async def app(*messages: Any) -> None:
        given.extend(messages)

    async def nothing(*_: Any) -> None: ...

    scope = {"type": "http"}
    asyncio.run(EnginelMiddleware(app)(scope, nothing, nothing))  # type: ignore[arg-type]
    assert given == [scope, nothing, nothing]


def test_events_of_the_journal_can_be_left_out_of_requests(recorded: Recorded) -> None:
    app = FastAPI()

    @app.get("/")
    async def endpoint() -> None:
        record("audit", "video.publish")
        await BusinessLogger().log_user_action("update", "video", "7", None, "user_1")

    app.add_middleware(LoggingMiddleware, enable_business_logging=False)
    ask(app, "GET", "/")
    assert [entry.action for entry in recorded.of(Entry)] == ["video.publish"]

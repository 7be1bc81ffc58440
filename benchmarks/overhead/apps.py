"""FastAPI's applications called directly, as a server would call them: alone, with Enginel, and with OpenTelemetry."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse

from .handlers import Runner, asgi
from .service import KEY, fail_at_depth
from .variants import opentelemetry_to_nowhere

VARIANTS = {
    "bare": "bare FastAPI",
    "bare-2": "bare FastAPI, a second process",
    "enginel": "Enginel",
    "enginel-recording": "Enginel, recording alone",
    "opentelemetry": "OpenTelemetry",
}


def runners(name: str, redis_url: str) -> dict[str, Runner]:
    """Return what can be measured in a process of a variant, by name."""
    logging.getLogger().addHandler(logging.NullHandler())
    os.environ["MONITORING"] = json.dumps({"SERVICE": "bench", "REDIS_URL": redis_url})
    app: Any = _service()
    _PREPARE.get(name, lambda _: None)(app)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    passing, failing = (asgi(_quiet(app), f"/api/{what}/{KEY}", loop) for what in ("answer", "fail"))
    return {"fastapi success": passing, "fastapi exception": failing}


def _service() -> FastAPI:
    router = APIRouter(prefix="/api")

    @router.get("/answer/{key}", response_class=PlainTextResponse)
    async def answer(key: str) -> str:
        return "ok"

    @router.get("/fail/{key}")
    async def fail(key: str) -> int:
        return fail_at_depth()

    app = FastAPI()
    app.include_router(router)
    return app


def _quiet(app: Any) -> Any:
    """Catch what the application raises once it has answered, as servers do."""

    async def caught(*messages: Any) -> None:
        with contextlib.suppress(Exception):
            await app(*messages)

    return caught


def _enginel(app: FastAPI) -> None:
    from monitoring.recording.asgi import EnginelMiddleware

    from .variants import decide

    app.add_middleware(EnginelMiddleware)
    decide()


def _recording(app: FastAPI) -> None:
    from monitoring.recording.asgi import EnginelMiddleware

    app.add_middleware(EnginelMiddleware, answers=False, protection=False)


def _opentelemetry(app: FastAPI) -> None:
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    opentelemetry_to_nowhere()
    FastAPIInstrumentor.instrument_app(app)


_PREPARE: dict[str, Callable[[FastAPI], None]] = {
    "enginel": _enginel,
    "enginel-recording": _recording,
    "opentelemetry": _opentelemetry,
}

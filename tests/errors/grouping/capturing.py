"""Runs buggy code as it is run in production, and returns its errors as they travel."""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from celery.app.trace import build_tracer
from django.core.management import call_command
from django.test import AsyncClient, Client

from monitoring.recording import errors, wire
from monitoring.recording.recorder import recorder

Values = dict[str, Any]
OPTIONS = {"EAGER": True, "NOT_IN_APP": ["tests"], "ERRORS_PER_MINUTE": 10**6, "ERROR_DETAILS": 0}


class Captured:
    """Errors that were recorded, as intake would read them."""

    def __init__(self) -> None:
        self._errors: list[Values] = []

    def take(self) -> list[Values]:
        """Return what was recorded since the last time."""
        recorder.flush()
        taken, self._errors = self._errors, []
        return taken

    def sink(self, _lane: str, fields: Mapping[str, str | bytes]) -> None:
        raw = {key.encode(): value if isinstance(value, bytes) else value.encode() for key, value in fields.items()}
        payload = wire.read_payload(wire.read_head(raw), raw)
        records = payload.records if payload is not None else []
        self._errors += [record.values for record in records if record.kind == "error"]


@contextmanager
def capturing() -> Iterator[Captured]:
    """Take errors out of this process's recorder."""
    captured, before = Captured(), recorder._sink
    recorder.use_sink(captured.sink)
    hook, threading.excepthook = threading.excepthook, _thread_ended
    console = [handler for handler in logging.root.handlers if type(handler) is logging.StreamHandler]
    for handler in console:
        logging.root.removeHandler(handler)
    try:
        yield captured
    finally:
        for handler in console:
            logging.root.addHandler(handler)
        threading.excepthook = hook
        assert before is not None
        recorder.use_sink(before)


def _thread_ended(failed: Any) -> None:
    """What the hook does that a test runner puts its own in place of."""
    errors.ended_process(failed.exc_value, "python")


# ---- ways into the code


def plain(function: Callable[..., Any], *args: Any) -> Callable[[], None]:
    """Call it, and report what it raises."""

    def run() -> None:
        try:
            function(*args)
        except Exception as error:
            errors.report(error)

    return run


def script(function: Callable[..., Any], *args: Any) -> Callable[[], None]:
    """Call it as the last thing a process does."""

    def run() -> None:
        try:
            function(*args)
        except Exception as error:
            errors.ended_process(error, "nightly.py")

    return run


def coroutine(function: Callable[..., Any], *args: Any) -> Callable[[], None]:
    """Run it in an event loop of its own."""
    return plain(lambda: asyncio.run(function(*args)))


def get(path: str) -> Callable[[], None]:
    """Ask for a page."""
    return lambda: _done(Client(raise_request_exception=False).get(path))


def post(path: str, data: Mapping[str, Any]) -> Callable[[], None]:
    return lambda: _done(Client(raise_request_exception=False).post(path, data, content_type="application/json"))


def get_async(path: str) -> Callable[[], None]:
    """Ask for a page of a server with an event loop."""
    return lambda: _done(asyncio.run(AsyncClient(raise_request_exception=False).get(path)))


def task(one: Any, *args: Any) -> Callable[[], None]:
    """Run a task."""
    return lambda: _done(one.apply(args))


def attempt(one: Any, retries: int, *args: Any) -> Callable[[], None]:
    """Run one attempt of a task as a worker's child does: the next one is published, not run."""

    def run() -> None:
        task_id = str(uuid.uuid4())
        delivery = {"exchange": "", "routing_key": "celery", "priority": 0, "redelivered": False}
        request = {"id": task_id, "retries": retries, "is_eager": False, "delivery_info": delivery, "args": args}
        tracer = build_tracer(one.name, one, app=one.app)
        tracer(task_id, args, {}, {**request, "hostname": "celery@shop", "kwargs": {}})

    return run


def command(kind: type[Any]) -> Callable[[], None]:
    return script(lambda: call_command(kind()))


def _done(_: Any) -> None:
    return None

"""A service with 5,000 broken functions, each of which raises through 19 frames, answered by Django's real handler."""

from __future__ import annotations

import importlib
import io
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path

PARTS, STEPS = 100, 50
_DEPTH = 16
_MODULE = '''"""One part of the service."""


class PartError(Exception):
    """Something is wrong with a drawing."""

'''
_FUNCTION = """
def step_{step}(depth, number):
    if depth:
        return step_{step}(depth - 1, number) + 1
    raise PartError(f"no closed shell in entity #{{number}} of step {step}")

"""
_parts: list[ModuleType] = []


def write(folder: Path) -> None:
    """Write the service's source, and import it."""
    package = folder / "bench_parts"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for part in range(PARTS):
        functions = [_FUNCTION.format(step=step) for step in range(STEPS)]
        (package / f"part_{part}.py").write_text("\n".join([_MODULE, *functions]))
    sys.path.insert(0, str(folder))
    _parts.extend(importlib.import_module(f"bench_parts.part_{part}") for part in range(PARTS))


def fail(request: HttpRequest, part: int, step: int) -> HttpResponse:
    number = random.randrange(10**6)
    request._cached_user = SimpleNamespace(pk=number % 500)  # type: ignore[attr-defined]
    return HttpResponse(getattr(_parts[part], f"step_{step}")(_DEPTH, number))


urlpatterns = [path("api/parts/<int:part>/steps/<int:step>/", fail)]


def requests(places: int, count: int) -> Iterator[dict[str, Any]]:
    """Make WSGI environments of requests that fail in so many places, one after the other."""
    for number in range(count):
        part, step = divmod(number % places, STEPS)
        yield {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": f"/api/parts/{part}/steps/{step}/",
            "QUERY_STRING": "page=2",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": f"10.0.{number % 200}.7",
            "HTTP_HOST": "localhost",
            "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) benchmark",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }


def answer(handler: WSGIHandler, environ: dict[str, Any]) -> None:
    """Answer one request."""
    response = handler(environ, lambda *_args: None)
    for _part in response:
        pass
    response.close()

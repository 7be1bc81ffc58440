"""Around Django a request is recorded once, whether or not Django has the middleware, too."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.asgi import get_asgi_application
from django.test import override_settings
from starlette.applications import Starlette
from starlette.routing import Mount

from monitoring.recording.asgi import EnginelMiddleware
from monitoring.recording.events import Error, Request
from tests.recording.asgi.conftest import ask
from tests.recording.recorded import Recorded

MIDDLEWARE = "monitoring.recording.middleware.MonitoringMiddleware"
URLS = "tests.recording.asgi.django_urls"


@pytest.mark.parametrize("view", ["sync", "async"])
def test_with_its_own_middleware_it_is_named_by_its_route(recorded: Recorded, view: str) -> None:
    with override_settings(MIDDLEWARE=[MIDDLEWARE], ROOT_URLCONF=URLS):
        app = EnginelMiddleware(get_asgi_application())
        assert ask(app, "GET", f"/{view}/7/").text == "7"
        assert ask(app, "GET", f"/{view}/13/").status_code == 500
    found = [(event.route, event.status) for event in recorded.of(Request)]
    assert found == [(f"{view}/<int:number>/", 200), (f"{view}/<int:number>/", 500)]
    (error,) = recorded.of(Error)
    assert (error.name, error.chain[0].type) == (f"GET {view}/<int:number>/", ArithmeticError)


def test_mounted_beside_others_it_is_recorded_once(recorded: Recorded) -> None:
    with override_settings(MIDDLEWARE=[MIDDLEWARE], ROOT_URLCONF=URLS):
        app: Any = Starlette(routes=[Mount("/old", get_asgi_application())])
        app.add_middleware(EnginelMiddleware)
        assert ask(app, "GET", "/old/async/7/").text == "7"
    assert [event.route for event in recorded.of(Request)] == ["async/<int:number>/"]


def test_without_its_own_it_is_recorded_all_the_same(recorded: Recorded) -> None:
    with override_settings(MIDDLEWARE=[], ROOT_URLCONF=URLS):
        ask(EnginelMiddleware(get_asgi_application()), "GET", "/async/7/")
    assert [(event.route, event.status) for event in recorded.of(Request)] == [("<unmatched>", 200)]

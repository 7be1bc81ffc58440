"""One question over HTTP: the token goes along, and to nobody else; what is no answer is told as what it is."""

from __future__ import annotations

import json
import socket

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitoring.remote import RefusedError, UnavailableError, asking

TOKEN = "t" * 40


def ask(server: HTTPServer, path: str = "api/x/", also: tuple[int, ...] = (), **query: str) -> object:
    return asking.read(asking.ask(asking.Source(server.url_for("/"), TOKEN), path, query, also))


def test_the_token_and_the_parameters_go_along(httpserver: HTTPServer) -> None:
    def answer(request: Request) -> Response:
        return Response(json.dumps([request.args["hours"], request.headers["Authorization"]]))

    httpserver.expect_request("/api/x/", method="GET").respond_with_handler(answer)
    assert ask(httpserver, hours="3") == ["3", f"Bearer {TOKEN}"]


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (401, RefusedError, "refuses ENGINEL_TOKEN"),
        (403, RefusedError, "refuses ENGINEL_TOKEN"),
        (404, RefusedError, "refuses the question"),
        (500, UnavailableError, "fails to answer"),
    ],
)
def test_a_refusal_is_told_with_its_reason(
    httpserver: HTTPServer, status: int, kind: type[Exception], says: str
) -> None:
    httpserver.expect_request("/api/x/").respond_with_json({"detail": "Because."}, status=status)
    with pytest.raises(kind, match=says) as raised:
        ask(httpserver)
    assert "Because." in str(raised.value)
    assert TOKEN not in str(raised.value)


def test_a_redirect_is_not_followed(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/x/").respond_with_data("", status=302, headers={"Location": "/api/y/"})
    with pytest.raises(RefusedError, match="redirects"):
        ask(httpserver)
    assert len(httpserver.log) == 1


def test_an_error_with_a_body_may_be_an_answer(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/x/").respond_with_json({"status": "unhealthy"}, status=503)
    assert ask(httpserver, also=(503,)) == {"status": "unhealthy"}


@pytest.mark.parametrize("status", [200, 503])
def test_a_page_is_not_an_answer_of_enginel(httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request("/api/x/").respond_with_data("<html>", status=status, content_type="text/html")
    with pytest.raises(UnavailableError, match="not Enginel"):
        ask(httpserver, also=(503,))


def test_nobody_there_is_told() -> None:
    with socket.socket() as taken:  # bound, and not listening
        taken.bind(("127.0.0.1", 0))
        where = asking.Source(f"http://127.0.0.1:{taken.getsockname()[1]}/", TOKEN)
        with pytest.raises(UnavailableError, match="Enginel did not answer"):
            asking.ask(where, "api/x/", {})

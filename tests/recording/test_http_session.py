"""The HTTP client that recovery can help: a named timeout, no retries of its own, and the circuit of its name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from pytest_httpserver import HTTPServer

from monitoring.recording.resilience import circuits, timeouts
from monitoring.recording.resilience.http import session
from monitoring.recording.resilience.standing import apply


@pytest.fixture(autouse=True)
def unknown() -> Iterator[None]:
    yield
    timeouts.forget()
    circuits.forget()


def test_it_is_known_from_the_start_with_four_times_its_timeout_as_the_most() -> None:
    session("payments", 2)
    session("mail", 2, most=3)
    assert timeouts.held() == {"payments": {"default": 2, "most": 8}, "mail": {"default": 2, "most": 3}}
    with pytest.raises(ValueError, match="0 < default <= most"):
        session("payments", 2, most=1)


def test_it_asks_once_whatever_the_answer(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(status=503)
    assert session("payments").post(httpserver.url_for("/"), json={"a": 1}).status_code == 503
    assert len(httpserver.log) == 1


def test_an_answer_of_500_is_a_failure_of_the_circuit_and_an_open_one_sends_nothing(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(status=500)
    circuits.circuit("payments", failure_threshold=2)
    client = session("payments")
    assert client.get(httpserver.url_for("/")).status_code == 500
    later = 4_000_000_000_000
    assert apply("payments", {"until": later, "void": later}) is None
    with pytest.raises(circuits.CircuitOpenError):
        client.get(httpserver.url_for("/"))
    assert len(httpserver.log) == 1


def test_an_error_says_what_it_was_inside_of() -> None:
    with pytest.raises(requests.ConnectionError) as caught:
        session("payments", 0.5).get("http://127.0.0.1:1/")
    assert vars(caught.value)["enginel_dependency"] == "payments"

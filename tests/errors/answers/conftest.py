from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import AsyncClient, Client

from monitoring.conf import get_config
from monitoring.recording import decisions, fingerprint
from monitoring.stream.decisions import Entry

PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
"""What browsers send."""


@pytest.fixture(autouse=True)
def failing_project(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.errors.answers.urls"


@pytest.fixture
def client() -> Client:
    """A client that gets an answer, as over a real connection, where the view raises."""
    return Client(raise_request_exception=False, headers={"accept": "application/json"})


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False, enforce_csrf_checks=True, headers={"accept": PAGE})


@pytest.fixture
def asynchronous() -> AsyncClient:
    return AsyncClient(raise_request_exception=False)


@pytest.fixture
def known_bug() -> Iterator[Any]:
    """Make an error a known bug, as far as this process knows: by its fingerprint."""

    def know(bug_id: str, key: str) -> None:
        decisions.copy.take({"bug": {f"{get_config().service}:{key}": Entry(bug_id)}})

    yield know
    decisions.copy.reset()


def response_key(error_type: str, status: int, route: str) -> str:
    return fingerprint.of_response(error_type, status, route)

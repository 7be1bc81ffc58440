"""Receivers of notices, as real servers on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.faults.conftest import database  # noqa: F401
from tests.outbound.server import Play, Server, says


@pytest.fixture
def serve(settings: Any) -> Iterator[Callable[..., Server]]:
    """Return what starts a server, and has notices sent there."""
    with ExitStack() as stack:

        def start(play: Play | None = None, *names: str) -> Server:
            server = stack.enter_context(Server(play or says()))
            for name in names or ("SLACK_NOTIFICATION_URL", "CODEX_TRIGGER_URL"):
                setattr(settings, name, f"{server.url}/hook")
            return server

        settings.SLACK_NOTIFICATION_URL = settings.CODEX_TRIGGER_URL = ""
        yield start


@pytest.fixture
def receiver(serve: Callable[..., Server]) -> Server:
    """A server that takes everything."""
    return serve()

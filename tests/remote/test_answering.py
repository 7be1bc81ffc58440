"""What a service answers whose endpoint could not read from Enginel."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from monitoring.recording.asgi import EnginelMiddleware
from monitoring.remote import NotConfiguredError, RemoteError, UnavailableError
from tests.asgi import ask


@pytest.mark.parametrize(
    ("error", "status", "retry"), [(UnavailableError("away"), 503, "2"), (NotConfiguredError("no token"), 500, None)]
)
def test_who_is_to_come_back_is_told_when(
    redis_client: Any, error: RemoteError, status: int, retry: str | None
) -> None:
    async def endpoint(*_message: Any) -> None:
        raise error

    answer = asyncio.run(ask(EnginelMiddleware(endpoint), "/metrics/errors"))
    assert (answer.status, answer.headers.get("retry-after")) == (status, retry)
    assert str(error) not in answer.body.decode()
    assert json.loads(answer.body)["error"]["error_id"]

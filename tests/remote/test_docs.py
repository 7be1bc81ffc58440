"""The examples of the guide to reading work as they stand there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI

from monitoring.alerts.in_code.thread import attendant as alerting
from monitoring.errors import ErrorTracker
from monitoring.recording.asgi import DatabaseError
from monitoring.recovery.in_code import attendant as recovering
from tests.asgi import ask

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "fastapi-reading.md"


@pytest.fixture
def forgotten() -> Iterator[None]:
    """What is registered here is forgotten afterwards."""
    systems, holders = list(alerting.systems), list(recovering._attendant.holders)
    yield
    alerting.systems[:], recovering._attendant.holders[:] = systems, holders


@pytest.mark.usefixtures("eager", "forgotten")
def test_the_examples_work() -> None:
    back: list[str] = []

    async def found(order_id: int) -> dict[str, int]:
        return {"id": order_id}

    async def reconnect() -> None:
        back.append("reconnected")

    names: dict[str, Any] = {
        "orders": SimpleNamespace(get=found),
        "database": SimpleNamespace(reconnect=reconnect),
    }
    for example in re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL):
        exec(example, names)

    assert names["endpoints"].get_metrics()["total_errors"] == 0
    app = FastAPI()
    app.include_router(names["router"])
    assert asyncio.run(ask(app, "/orders/7")).body == b'{"id":7}'
    ErrorTracker.log_error(DatabaseError("gone"))
    assert back == ["reconnected"]

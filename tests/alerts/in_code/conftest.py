"""Systems in code leave nothing behind for other tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from monitoring.alerts.in_code import discovery
from monitoring.alerts.in_code.thread import attendant


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    systems, shared = list(attendant.systems), dict(discovery._shared)
    attendant.systems.clear()
    monkeypatch.setattr(discovery, "problems", [])
    yield
    attendant.systems[:] = systems
    discovery._shared.clear()
    discovery._shared.update(shared)

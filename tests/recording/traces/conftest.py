"""What was recorded, kept instead of sent; and a request whose caller keeps the trace."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from monitoring.recording.context import Context, current
from monitoring.recording.recorder import recorder
from tests.recording.recorded import Recorded

TRACE, SPAN = "a" * 32, "b" * 16


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    events = Recorded()
    monkeypatch.setattr(recorder, "record", events.append)
    monkeypatch.setattr(recorder, "record_fact", events.append)
    return events


def request(**meta: str) -> Context:
    resolved = SimpleNamespace(route="api/orders/", kwargs={})
    held = SimpleNamespace(method="POST", path="/api/orders/", META=meta, resolver_match=resolved)
    return Context("", held)


def told(flags: str = "01") -> Context:
    """A request whose caller says with these flags whether the trace is kept."""
    return request(HTTP_TRACEPARENT=f"00-{TRACE}-{SPAN}-{flags}")


@pytest.fixture
def kept() -> Iterator[Context]:
    """A request that runs, of a trace that is kept."""
    context = told()
    token = current.set(context)
    yield context
    current.reset(token)


@pytest.fixture
def other() -> Iterator[Context]:
    """A request that runs, of a trace about which nobody has decided."""
    context = request()
    token = current.set(context)
    yield context
    current.reset(token)

"""The fixtures of `tests/faults` serve here too, and one that puts good batches around bad ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from monitoring.performance.models import SlowSample
from monitoring.stream.streams import FACTS
from tests.faults.batches import Source, arrived, operations, slow, waiting
from tests.faults.conftest import configure, database, own_streams, proxy, still
from tests.pipeline import drain_all

__all__ = ["configure", "database", "good", "own_streams", "proxy", "still"]


@pytest.fixture
def good(redis_client: object, database: None) -> Iterator[None]:
    """Surround what a test puts into the streams with good batches; in the end exactly those must be counted."""
    measures, facts = Source(), Source(FACTS)
    measures.send(*operations(3, "good"))
    facts.send(slow("good"))
    yield
    measures.send(*operations(4, "good"))
    facts.send(slow("good"))
    drain_all()
    assert arrived("good") == 7
    assert SlowSample.objects.filter(name="good").count() == 2
    assert (waiting(), waiting(FACTS)) == (0, 0)

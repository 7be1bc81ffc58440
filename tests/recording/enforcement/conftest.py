from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from monitoring.recording.decisions import copy
from monitoring.recording.enforcement import counting, verdict
from monitoring.stream.decisions import Entry

Decide = Callable[..., None]


def in_seconds(seconds: float) -> int:
    """When that is, as decisions say it."""
    return int((time.time() + seconds) * 1000)


def throttle(scope: str = "all", match: str = "*", rate: float = 1.0, burst: int = 1, per: str = "client") -> str:
    """A throttle as it is projected."""
    return json.dumps({"scope": scope, "match": match, "rate": rate, "burst": burst, "per": per, "reason": "Slowly"})


@pytest.fixture
def decide(monkeypatch: pytest.MonkeyPatch) -> Iterator[Decide]:
    """Have this process hold these decisions: seconds of blocks by key, throttles by id, and the rest by kind."""

    def hold(blocks: dict[str, float] | None = None, throttles: dict[str, str] | None = None, **others: Any) -> None:
        blocked = {
            key: Entry(json.dumps({"id": 7, "reason": "x"}), in_seconds(end)) for key, end in (blocks or {}).items()
        }
        lengths = {key.rpartition(":")[0]: Entry("1") for key in blocked}
        wanted = {"block": blocked, "block_length": lengths, "allow": {}, "protection": {}, "process_count": {}}
        standing = {key: Entry(value) for key, value in (throttles or {}).items()}
        told = {kind: {key: Entry(value) for key, value in held.items()} for kind, held in others.items()}
        copy.take({**wanted, "throttle": standing, **told})

    monkeypatch.setattr(copy, "begin", lambda *_: None)
    copy.reset()
    verdict.forget()
    yield hold
    copy.reset()
    verdict.forget()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What was counted of requests."""
    found: Counter[str] = Counter()
    for module in (counting, verdict):
        monkeypatch.setattr(module, "count", lambda name: found.update([name]))
    return found

"""What these tests register is forgotten afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from monitoring.recovery.in_code import attendant, names
from monitoring.recovery.strategies import registry
from tests.recovery.callers.conftest import nobody_waits, recovering

__all__ = ["nobody_waits", "recovering"]


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    holders, declared = list(attendant._attendant.holders), list(names._declared)
    yield
    attendant._attendant.holders[:] = holders
    for name in set(names._declared) - set(declared):
        names._declared.remove(name)
        registry.STRATEGIES.pop(name, None)

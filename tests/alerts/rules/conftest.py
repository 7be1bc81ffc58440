from __future__ import annotations

from collections.abc import Iterator

import pytest

from monitoring.alerts.rules import store, thresholds


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    """Forget what this process has brought up to date, and what code has set."""
    store.forget()
    thresholds.replace({})
    yield
    store.forget()
    thresholds.replace({})

"""The corpus, run once for a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from . import corpus, releases
from .capturing import OPTIONS, Values, capturing

MIDDLEWARE = ["monitoring.recording.middleware.MonitoringMiddleware", "django.middleware.common.CommonMiddleware"]


@pytest.fixture
def shop_settings(settings: Any) -> None:
    """Record everything in full, of the shop alone."""
    settings.MONITORING = {**settings.MONITORING, **OPTIONS}
    settings.ROOT_URLCONF = "shop.urls"
    settings.MIDDLEWARE = MIDDLEWARE


@pytest.fixture
def run_release(shop_settings: None, db: None, tmp_path: Path) -> Callable[[str], list[tuple[str, Values]]]:
    """Run a release, and return its errors with their causes."""

    def run(name: str) -> list[tuple[str, Values]]:
        found = []
        with releases.release(name, tmp_path) as shop, capturing() as captured:
            for cause, sample in corpus.samples(shop):
                sample()
                taken = captured.take()
                assert taken, f"{cause!r} raised nothing"
                found += [(cause, values) for values in taken]
        return found

    return run

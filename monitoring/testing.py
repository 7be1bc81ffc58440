"""A pytest plugin for projects that use Enginel; installing the package is enough to have it.

Tests record nothing, so that they never write into a running platform; a test that wants to see what its code records
asks for `enginel_eager`. Nothing of the platform is imported before Django's settings are there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _enginel_records_nothing(request: pytest.FixtureRequest) -> None:
    """Switch recording off, where the project's tests run under pytest-django."""
    if not request.config.pluginmanager.hasplugin("django"):
        return
    from django.conf import settings as configured

    if configured.configured or "DJANGO_SETTINGS_MODULE" in os.environ:
        settings = request.getfixturevalue("settings")
        settings.MONITORING = {**getattr(settings, "MONITORING", {}), "ENABLED": False}


@pytest.fixture
def enginel_eager(settings: Any, db: None) -> Iterator[None]:  # noqa: ARG001  # what is folded needs the test's tables
    """Fold what is recorded at once, in the calling thread and into the test's own database.

    Needs pytest-django, and no Redis. What is recorded inside of an event loop waits until the next event outside of
    it, or until `monitoring.recording.recorder.recorder.flush()`.
    """
    from monitoring.recording import celery

    _forget()
    given = getattr(settings, "MONITORING", {})
    settings.MONITORING = {**given, "ENABLED": True, "EAGER": True}
    celery.connect()  # a project may well have recording switched off in its test settings
    yield
    _forget()


def _forget() -> None:
    """Forget numbers of names and partitions that a test's rolled back or emptied tables no longer hold."""
    from monitoring.storage import names, partitions

    names.forget()
    partitions.forget()

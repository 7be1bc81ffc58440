"""A pytest plugin for projects that use Enginel; installing the package is enough to have its fixture.

Nothing of the platform is imported before a test asks for the fixture: plugins load before there are settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


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

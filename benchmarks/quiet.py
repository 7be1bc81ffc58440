"""A flusher that nobody wakes, so that only the caller's side of recording is seen."""

from __future__ import annotations

from typing import Any
from unittest import mock

from monitoring.recording.recorder import recorder


def _stay(flusher: Any, *, urgent: bool = False) -> None:
    """As cheap as waking one that is awake."""
    flusher.idle = False


def asleep() -> Any:
    """Return a context in which the flusher's thread is never started; buffers are the caller's to empty."""
    return mock.patch.object(type(recorder.flusher), "notify", _stay)

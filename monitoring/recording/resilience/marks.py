"""What an exception was inside of when it was raised: the innermost circuit or fallback that it left says so."""

from __future__ import annotations

from typing import Any

from monitoring.recording.raised.reading import DEPENDENCY, ask


def mark(exception: BaseException, name: str) -> None:
    """Say that an exception came out of a dependency, unless one further in has said so. It never raises."""
    ask(_mark, exception, name, otherwise=None)


def _mark(exception: Any, name: str) -> None:
    if getattr(exception, DEPENDENCY, None) is None:
        setattr(exception, DEPENDENCY, name)

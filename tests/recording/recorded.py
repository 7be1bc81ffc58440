"""What was recorded, kept instead of sent."""

from __future__ import annotations

from typing import Any, TypeVar

Kind = TypeVar("Kind")


class Recorded(list[Any]):
    """Events in the order in which they were recorded."""

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Return those of a kind."""
        return [event for event in self if isinstance(event, kind)]

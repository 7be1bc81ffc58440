"""Parts of paths that are names of other people's making: of tasks, queues, workers and entries of the schedule."""

from __future__ import annotations

from django.urls import register_converter


class AnyName:
    """Matches whatever a name may hold: slashes, and what is no name at all, which views answer by themselves."""

    regex = r"[\s\S]+"

    def to_python(self, value: str) -> str:
        """Return the name."""
        return value

    def to_url(self, value: str) -> str:
        """Return the name."""
        return value


register_converter(AnyName, "any_name")

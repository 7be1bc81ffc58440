"""`manage.py show_settings`: which settings hold, and where each comes from."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from monitoring import origins


class Command(BaseCommand):
    """Shows settings."""

    help = "Show the settings whose defaults ENVIRONMENT chooses, or all, and where each value comes from."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("--all", action="store_true", help="every setting of MONITORING; secrets stay hidden")

    def handle(self, **options: Any) -> None:
        """Print them side by side."""
        given = getattr(settings, "MONITORING", {})
        rows = origins.values(given) if options["all"] else origins.chosen(given)
        names, shown = max(len(one.name) for one in rows), [repr(one.value) for one in rows]
        width = min(max(map(len, shown)), 40)
        for one, value in zip(rows, shown, strict=True):
            self.stdout.write(f"{one.name:<{names}}  {value:<{width}}  {one.origin}")

"""`manage.py mark_release`: say that a release was deployed, at the end of a deployment."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitoring.analysis.releases.api import NewReleaseSerializer
from monitoring.analysis.releases.marking import MarkError, mark


class Command(BaseCommand):
    """Marks a release."""

    help = "Mark that a release was deployed. Saying it again changes nothing; a return to an earlier one is another."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        # Django's own --version must not take its place.
        parser.add_argument("release", metavar="version", help="the release, as RELEASE names it")
        parser.add_argument("--service", help="of which service (SERVICE)")
        parser.add_argument("--environment", help="where it was deployed (ENVIRONMENT)")
        parser.add_argument("--at", help="when, as ISO 8601 or in seconds since the epoch (now)")
        parser.add_argument("--url", help="where more is said of it: http or https")

    def handle(self, **options: Any) -> None:
        """Mark the release, and say what is known of it."""
        named = {name: options[name] for name in ("release", "service", "environment", "at", "url") if options[name]}
        given = NewReleaseSerializer(data=named)
        if not given.is_valid():
            said = "; ".join(f"{name}: {' '.join(map(str, texts))}" for name, texts in given.errors.items())
            raise CommandError(said)
        try:
            row, new = mark(given.deployment(), f"manage.py mark_release ({_person()})")
        except MarkError as error:
            raise CommandError(str(error)) from error
        was = "marked" if new else "is marked already"
        self.stdout.write(f"{row.service} {row.release} in {row.environment} at {row.at.isoformat()}: {was}")


def _person() -> str:
    """Return who types this, as the machine knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user id without a name, as containers have
        return "nobody known"

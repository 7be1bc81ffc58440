"""`manage.py test_sink`: send a record to the sinks that are on, and say whether they took it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitoring.conf import get_config
from monitoring.sinks import kinds
from monitoring.sinks.trial import try_out


class Command(BaseCommand):
    """Tries sinks."""

    help = "Send a record to each sink that is on, or to one of them, and say whether it was taken."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("sink", nargs="?", help=f"one of {', '.join(sorted(kinds.KINDS))}; all that are on if none")

    def handle(self, **options: Any) -> None:
        """Try them one after the other."""
        config = get_config()
        if problems := list(kinds.problems(config)):
            raise CommandError("\n".join(problems))
        chosen = [options["sink"]] if options["sink"] else sorted(kinds.configured(config))
        if not chosen:
            raise CommandError("No sink is on: MONITORING['SINKS'] names none.")
        failed = 0
        for kind in chosen:
            found = try_out(kind, config)
            if found is None:
                raise CommandError(f"The sink {kind!r} is not on: MONITORING['SINKS'] does not name it.")
            failed += bool(found.problem)
            said = f"failed: {found.problem}" if found.problem else f"took it, with trace id {found.trace_id}"
            self.stdout.write(f"{kind} ({found.address}) {said}")
        if failed:
            raise CommandError(f"{failed} of {len(chosen)} failed.")

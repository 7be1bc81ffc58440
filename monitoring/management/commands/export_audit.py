"""`manage.py export_audit`: a chain of the journal as lines of JSON, with its seals."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import router

from monitoring.conf import get_config
from monitoring.journal.audit import exporting, seals
from monitoring.journal.audit.models import JournalEntry


class Command(BaseCommand):
    """Exports a chain."""

    help = "Write a chain of the journal as lines of JSON that `verify_audit --file` proves with the public key alone."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("--stream", default="audit", help="audit, business or security (audit)")
        parser.add_argument("--first", type=int, default=1, help="sequence of the first entry")
        parser.add_argument("--last", type=int, help="sequence of the last entry")

    def handle(self, **options: Any) -> None:
        """Write the lines."""
        rows = JournalEntry.objects.using(router.db_for_read(JournalEntry)).filter(
            stream=options["stream"], sequence__gte=options["first"]
        )
        if options["last"]:
            rows = rows.filter(sequence__lte=options["last"])
        where = seals.place(get_config())
        notes = seals.each(where, seals.SEAL, options["stream"]) if where is not None else ()
        found = (seal for _, seal in notes if seal is not None)
        for line in exporting.lines(rows.order_by("sequence").iterator(chunk_size=2_000), found):
            self.stdout.write(line)

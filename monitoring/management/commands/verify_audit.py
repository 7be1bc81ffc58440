"""`manage.py verify_audit`: prove that the journal is what was written."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, router

from monitoring.conf import get_config
from monitoring.journal.audit import exporting, keys, seals
from monitoring.journal.audit.models import JournalEntry, StreamHead
from monitoring.journal.audit.verifying import Proof, verify
from monitoring.journal.record import STREAMS

_PATIENCE = 10
"""So many times `JOURNAL_SEAL_SECONDS` an entry may wait for a seal."""


class Command(BaseCommand):
    """Verifies chains."""

    help = (
        "Prove that no entry of the journal was changed, deleted, inserted, moved or cut off, and that its chains were "
        "not made anew. Ends with 1 if one was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument(
            "--stream", action="append", choices=STREAMS, help="audit, business or security (all of them)"
        )
        parser.add_argument("--file", help="prove an export instead of the database")
        parser.add_argument(
            "--public-key", action="append", default=[], help="the key whose seals alone count, in Base64"
        )
        parser.add_argument(
            "--show-key", action="store_true", help="print the public key of this installation, and end"
        )

    def handle(self, **options: Any) -> None:
        """Verify what was asked for."""
        config = get_config()
        if options["show_key"]:
            if not config.journal_key_file or not Path(config.journal_key_file).exists():
                raise CommandError("there is no key yet (JOURNAL_KEY_FILE): it is made when the first chain is sealed")
            self.stdout.write(keys.signing_key(config).public)
            return
        given = options["public_key"]
        if wrong := [key for key in given if not keys.is_public(key)]:
            raise CommandError(f"this is no public key (Ed25519, Base64): {wrong[0]}", returncode=2)
        try:
            trusted = frozenset(given) or keys.trusted(config)
        except keys.UnreadableKeyError as error:
            raise CommandError(str(error), returncode=2) from error
        proofs = [self._of_file(options["file"], trusted)] if options["file"] else self._of_database(options, trusted)
        for proof in proofs:
            self._tell(proof)
        if any(proof.problems for proof in proofs):
            raise CommandError("the journal is not what was written", returncode=1)

    def _of_file(self, name: str, trusted: frozenset[str]) -> Proof:
        try:
            with Path(name).open(encoding="utf-8") as file:
                return exporting.verify(file, trusted)
        except (OSError, UnicodeError, exporting.ExportError, seals.SealError) as error:
            raise CommandError(f"{name}: {error}", returncode=2) from error

    def _of_database(self, options: dict[str, Any], trusted: frozenset[str]) -> list[Proof]:
        using, where = router.db_for_read(JournalEntry), seals.place(get_config())
        try:
            known = set(StreamHead.objects.using(using).values_list("stream", flat=True))
        except DatabaseError as error:
            raise CommandError(f"the journal cannot be read: {str(error).splitlines()[0]}", returncode=2) from error
        known |= set(seals.streams(where)) if where is not None else set()
        asked = options["stream"] or [stream for stream in STREAMS if stream in known]
        if where is None:
            self.stderr.write("No seals are kept (JOURNAL_SEALS_FOLDER): a chain that was made anew is not found.")
        overdue = datetime.now(UTC) - _PATIENCE * timedelta(seconds=get_config().journal_seal_seconds)
        return [verify(stream, using, where, trusted, self._progress(stream), overdue) for stream in asked]

    def _progress(self, stream: str) -> Any:
        if not sys.stderr.isatty():
            return lambda _done: None
        return lambda done: self.stderr.write(f"\r{stream}: {done:,} entries", ending="")

    def _tell(self, proof: Proof) -> None:
        if not proof.entries:
            self.stdout.write(f"{proof.stream}: no entries")
        else:
            tail = proof.last - proof.sealed
            waits = f", {tail} since then hang together" if tail > 0 else ""
            self.stdout.write(f"{proof.stream}: {proof.entries} entries, sealed up to number {proof.sealed}{waits}")
        for problem in proof.problems:
            self.stdout.write(self.style.ERROR(f"{proof.stream} {problem.sequence}: {problem.kind}: {problem.says}"))

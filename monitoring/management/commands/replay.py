"""`manage.py replay`: take in again what could not be taken in before."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitoring.conf import get_config
from monitoring.intake.models import DeadLetter
from monitoring.intake.replay import ReplayError, replay


class Command(BaseCommand):
    """Replays dead letters."""

    help = "Replay dead letters. Each is taken in whole and disappears, or stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("id", type=int, nargs="*", help="numbers of dead letters")
        parser.add_argument("--all", action="store_true", help="all that there are")
        parser.add_argument("--reason", choices=DeadLetter.Reason.values, help="all with this reason")

    def handle(self, **options: Any) -> None:
        """Replay, and say what became of each."""
        chosen = [bool(options["id"]), options["all"], options["reason"] is not None]
        if sum(chosen) != 1:
            raise CommandError("give numbers, or --all, or --reason")
        failed = 0
        for number in _numbers(options["id"], options["reason"]):
            failed += not self._replay(number)
        if failed:
            raise CommandError(f"{failed} not taken in")

    def _replay(self, number: int) -> bool:
        letter = DeadLetter.objects.filter(pk=number).first()
        if letter is None:
            self.stderr.write(f"{number}: there is no such dead letter")
            return False
        try:
            events = replay(letter, get_config())
        except ReplayError as error:
            self.stderr.write(f"{number}: {error}")
            return False
        self.stdout.write(f"{number}: {events} events counted")
        return True


def _numbers(given: list[int], reason: str | None) -> list[int]:
    """Return the numbers to replay. One letter is loaded at a time: each can be large."""
    if given:
        return given
    letters = DeadLetter.objects.filter(reason=reason) if reason else DeadLetter.objects.all()
    return list(letters.order_by("pk").values_list("pk", flat=True))

"""`manage.py revoke_admin_token`: make one token, or all of a user, worthless at once."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitoring.access import accounts, tokens


class Command(BaseCommand):
    """Revokes tokens."""

    help = "Revoke all tokens of a user, or, without --user, the one token given on standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("--user", help="revoke all tokens of this user")

    def handle(self, **options: Any) -> None:
        """Revoke, and say how many tokens it was."""
        revoked = _of_user(options["user"]) if options["user"] else tokens.revoke(_ask())
        if not revoked:
            raise CommandError("there is no such token")
        self.stdout.write(f"{revoked} revoked")


def _of_user(name: str) -> int:
    user = accounts.find(name)
    if user is None:
        raise CommandError(f"there is no user {name!r}")
    return tokens.revoke_all(user)


def _ask() -> str:
    """Read a token from standard input: an argument would be readable in the list of processes."""
    return (getpass("Token: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()

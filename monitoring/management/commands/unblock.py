"""`manage.py unblock`: end blocks where no request gets through, and while Redis is away."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Any

import redis
from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitoring import decisions
from monitoring.conf import get_config
from monitoring.protection import networks
from monitoring.protection.control import acts
from monitoring.protection.throttles import actions as throttles

_FOLLOWS = "Web processes follow within a second."
_AWAY = (
    "Redis does not answer, so web processes go on refusing them: each until its block would have ended by itself, or "
    "until Redis is back and a worker runs."
)


class Command(BaseCommand):
    """Ends blocks."""

    help = "End the blocks of an address or a network, or all of them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("network", nargs="?", help="an address, or a network such as 203.0.113.0/24")
        parser.add_argument("--all", action="store_true", help="end every block")
        parser.add_argument("--throttles", action="store_true", help="end every throttle, too")

    def handle(self, **options: Any) -> None:
        """End blocks, say which, and tell the processes."""
        if bool(options["network"]) == options["all"] and not (options["throttles"] and not options["network"]):
            raise CommandError("give an address or a network, or --all")
        who = f"manage.py unblock ({_person()})"
        ended = self._unblock(options["network"], who) if options["network"] else 0
        if options["all"]:
            ended = acts.unblock_all(who)
            self.stdout.write(f"{ended} unblocked")
        if options["throttles"]:
            count = throttles.end_all(who, datetime.now(UTC))
            self.stdout.write(f"{count} throttles ended")
            ended += count
        if ended:
            self._tell()

    def _unblock(self, text: str, who: str) -> int:
        network = networks.read(text)
        if network is None:
            raise CommandError(f"{text!r} is no address and no network. {networks.FORM}")
        unblocked = acts.unblock(network, who)
        for one in unblocked:
            self.stdout.write(f"{one}: unblocked")
        if not unblocked:
            self.stdout.write(f"{network}: not blocked")
        return len(unblocked)

    def _tell(self) -> None:
        """Have processes know now, and say where they cannot."""
        try:
            decisions.project(get_config())
        except (redis.RedisError, OSError) as error:
            self.stderr.write(f"{_AWAY} ({error})")
        else:
            self.stdout.write(_FOLLOWS)


def _person() -> str:
    """Return who types this, as the machine knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user id without a name, as containers have
        return "nobody known"

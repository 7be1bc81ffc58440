"""`manage.py create_token`: lets a designer use the API. Administrators have `create_admin_token`."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from designs.models import User
from monitoring.access import tokens

_MAX_DAYS = 36_500


class Command(BaseCommand):
    """Creates a token for an ordinary user."""

    help = "Print a token of a user for the API; the user is created, without a password, where there is none."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("username", help="whose token; nobody on the staff")
        parser.add_argument("--days", type=int, default=365, help="how long the token is valid (365)")

    def handle(self, **options: Any) -> None:
        """Create the token and print it."""
        if not 1 <= options["days"] <= _MAX_DAYS:
            raise CommandError(f"--days must be from 1 to {_MAX_DAYS}")
        with transaction.atomic():
            user = _user(options["username"])
            tokens.forget_expired(user)
            token = tokens.issue(user, options["days"])
        self.stdout.write(token)


def _user(username: str) -> User:
    """Return the user of a name, who is created where nobody has it.

    Raises:
        CommandError: Nobody can have such a name, or this user is to have no token.
    """
    field = User._meta.get_field("username")
    try:
        field.clean(username, None)  # type: ignore[arg-type]  # it validates the value alone
    except ValidationError as error:
        raise CommandError(f"username {username!r}: {' '.join(error.messages)}") from error
    user, _ = User.objects.get_or_create(
        username=User.normalize_username(username), defaults={"password": make_password(None)}
    )
    if user.is_staff or user.is_superuser:
        raise CommandError(f"user {username!r} is on the staff; use create_admin_token")
    if not user.is_active:
        raise CommandError(f"user {username!r} is not active")
    return user

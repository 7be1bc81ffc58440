"""`manage.py create_admin_token`: a token for the HTTP API, and its user where there is none yet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import router, transaction

from monitoring.access import accounts, token_file, tokens
from monitoring.storage import trail


class Command(BaseCommand):
    """Creates an admin token."""

    help = "Print a token for the HTTP API. The environment variable ADMIN_TOKEN, where it is set, becomes the token."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("--user", required=True, help="whose token; created as a superuser if nobody has the name")
        parser.add_argument(
            "--password-file", type=Path, help="password of the user, if it is created; else it has none"
        )
        parser.add_argument(
            "--file", type=Path, help="keep the token that is in this file if it is valid, else replace it"
        )
        parser.add_argument("--days", type=int, default=365, help="how long the token is valid (365)")

    def handle(self, **options: Any) -> None:
        """Create the token and print it."""
        if not 1 <= options["days"] <= 36_500:
            raise CommandError("--days must be from 1 to 36500")
        chosen = os.environ.get("ADMIN_TOKEN") or None
        if chosen is not None and (problem := tokens.problem_of(chosen)):
            raise CommandError(f"ADMIN_TOKEN {problem}")
        try:
            user = _user(options["user"], _password(options["password_file"]))
            path = Path(options["file"]) if options["file"] else None
            token = _token(user, chosen, path, options["days"])
        except (accounts.AccountError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(token)


def _user(name: str, password: str | None) -> Any:
    """Return the admin of a name; the journal is told of one that is created."""
    using = router.db_for_write(get_user_model())
    with transaction.atomic(using=using):
        known = accounts.find(name) is not None
        user = accounts.find_or_create_admin(name, password)
        if not known:
            trail.tell(trail.Deed("user.create", "user", str(user.pk), details={"name": name, "admin": True}), using)
    return user


def _password(path: Path | None) -> str | None:
    if path is None:
        return None
    password = path.read_text(encoding="utf-8").rstrip("\r\n")
    if not password:
        raise CommandError(f"{path} is empty")
    return password


def _token(user: Any, chosen: str | None, path: Path | None, days: int) -> str:
    """Return a valid token of the user, stored and, where asked for, written to a file."""
    users = get_user_model()
    with transaction.atomic(using=router.db_for_write(users)):
        tokens.forget_expired(user)  # a write first, for SQLite to lock before anything is read
        users._default_manager.select_for_update().get(pk=user.pk)  # of two runs, one comes second
        kept = _valid(token_file.read(path), user) if path is not None else None
        if chosen is not None:
            _store(chosen, user, days)
        token = chosen or kept or tokens.issue(user, days)
        if path is not None and kept == token:
            path.chmod(0o600)
        elif path is not None:
            if kept is not None:
                tokens.revoke(kept)  # nobody can look it up any more
            token_file.write(path, token)
    return token


def _valid(token: str | None, user: Any) -> str | None:
    row = tokens.find(token) if token else None
    return token if row is not None and row.user_id == user.pk else None


def _store(chosen: str, user: Any, days: int) -> None:
    row = tokens.find(chosen)
    if row is not None and row.user_id != user.pk:
        raise accounts.AccountError("ADMIN_TOKEN is the token of another user already")
    tokens.store(chosen, user, days)

"""Everything that must be true of the database before children start, in one Python process instead of four.

Run by `bin/up` with the Python of `.venv`. Ends with code 3 after saying on stderr what is wrong, one line for each.
"""

import hashlib
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from launcher.layout import State, write_private

REFUSED = "refused: "
"""Begins each line on stderr that says why."""


def main() -> int:
    """Migrate, collect static files, and create the administrator and the API token."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "enginel.settings")
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import CommandError
    from django.db import Error

    state = State(Path(os.environ["ENGINEL_VAR"]))
    try:
        django.setup()
        if wrong := _wrong_settings():
            return _refuse(*wrong)
        _check_connection()
        _migrate()
        _collect_static()
        _create_administrator(state)
        _create_token(state)
    except ImproperlyConfigured as error:
        return _refuse(f"the settings are wrong: {_first_line(error)}")
    except CommandError as error:
        return _refuse(_first_line(error))
    except Error as error:
        return _refuse(f"the database refuses (DATABASE_URL): {_first_line(error)}")
    return 0


def _refuse(*reasons: str) -> int:
    for reason in reasons:
        print(f"{REFUSED}{reason}", file=sys.stderr)
    return 3


def _wrong_settings() -> list[str]:
    """Return what Django's system checks find fault with, as `manage.py check` does."""
    from django.core.checks import run_checks

    found = [message for message in run_checks() if message.is_serious() and not message.is_silenced()]
    return [" ".join(f"{message.msg} {message.hint or ''} ({message.id})".split()) for message in found]


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _check_connection() -> None:
    from django.db import connection

    connection.ensure_connection()


def _migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)


def _collect_static() -> None:
    """Collect and compress static files, which takes seconds, only when one of them changed."""
    from django.conf import settings
    from django.contrib.staticfiles import finders
    from django.core.management import call_command

    digest = hashlib.sha256()
    for finder in finders.get_finders():
        for name, storage in finder.list([]):
            facts = Path(storage.path(name)).stat()
            digest.update(json.dumps([name, facts.st_size, facts.st_mtime_ns]).encode())
    root = Path(settings.STATIC_ROOT)
    stamp = root / ".collected"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    call_command("collectstatic", interactive=False, clear=root.exists(), verbosity=0)
    root.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest.hexdigest())


def _create_administrator(state: State) -> None:
    """Create `admin` with a password that nobody has seen; leave alone the one that exists."""
    from django.contrib.auth import get_user_model

    users: Any = get_user_model()
    if users.objects.filter(username="admin").exists():
        return
    password = secrets.token_urlsafe(24)
    users.objects.create_superuser("admin", email="", password=password)
    write_private(state.admin_password, password + "\n")


def _create_token(state: State) -> None:
    from django.core.management import call_command

    call_command("create_admin_token", user="admin", file=str(state.admin_token), verbosity=0, stdout=_Discard())


class _Discard:
    """Takes what the command prints: `bin/up` prints the token itself."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        return


if __name__ == "__main__":
    sys.exit(main())

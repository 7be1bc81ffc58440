"""Databases for platforms of tests, in the server that `DATABASE_URL` names; an empty URL stands for SQLite."""

from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parents[2]
_TEMPLATE = "enginel_template_"
_LOCK = 7_040_731


@contextmanager
def fresh_database() -> Iterator[str]:
    """Make an empty database, and drop it."""
    with _made("") as url:
        yield url


@contextmanager
def migrated_database() -> Iterator[str]:
    """Make a database that is as after `migrate`, in a moment, and drop it."""
    server = _server()
    with _made(_template(server) if server else "") as url:
        yield url


def _server() -> str:
    server = os.environ.get("DATABASE_URL", "")
    return server if server.startswith("postgres") else ""


def _url(server: str, name: str) -> str:
    return f"{server.rpartition('/')[0]}/{name}"


@contextmanager
def _made(template: str) -> Iterator[str]:
    server = _server()
    if not server:
        yield ""
        return
    name = f"system_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(_statement('CREATE DATABASE "{}"' + (' TEMPLATE "{}"' if template else ""), name, template))
    try:
        yield _url(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(_statement('DROP DATABASE "{}" WITH (FORCE)', name))


def _template(server: str) -> str:
    """Return the name of the database that the others are copied from; the first who asks makes it."""
    name = _TEMPLATE + _digest()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        found = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", (f"{_TEMPLATE}%",))
        there = {row[0] for row in found}
        if name in there:
            return name
        for old in there:
            connection.execute(_statement('DROP DATABASE "{}" WITH (FORCE)', old))
        unfinished = f"system_{secrets.token_hex(6)}"
        connection.execute(_statement('CREATE DATABASE "{}"', unfinished))
        settings = {
            **os.environ,
            "DATABASE_URL": _url(server, unfinished),
            "DJANGO_SETTINGS_MODULE": "enginel.settings",
        }
        command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"]
        subprocess.run(command, env=os.environ | settings, cwd=ROOT, check=True, timeout=120)
        connection.execute(_statement('ALTER DATABASE "{}" RENAME TO "{}"', unfinished, name))
    return name


def _statement(text: str, *names: str) -> Any:
    """Put names of ours, which hold no quotes, into a statement."""
    return text.format(*names)


def _digest() -> str:
    """Tell one state of the migrations from another."""
    digest = hashlib.sha256()
    for path in sorted(ROOT.glob("*/migrations/*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]

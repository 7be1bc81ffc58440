"""A folder for seals, and whoever tampers with the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from monitoring.conf import Config, get_config


@pytest.fixture
def config(settings: Any, tmp_path: Path) -> Config:
    """Settings with a place for seals."""
    settings.MONITORING = {
        **settings.MONITORING,
        "JOURNAL_SEALS_FOLDER": str(tmp_path / "seals"),
        "JOURNAL_KEY_FILE": str(tmp_path / "key"),
    }
    return get_config()


@contextmanager
def without_triggers() -> Iterator[Any]:
    """Let an intruder who owns the database write what they like; gives them a cursor."""
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        kept = []
        if postgres:
            cursor.execute("ALTER TABLE monitoring_journalentry DISABLE TRIGGER monitoring_journal_keep")
        else:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%journal_keep%'")
            kept = list(cursor.fetchall())
            for name, _ in kept:
                cursor.execute(f"DROP TRIGGER {name}")
        yield cursor
        if postgres:
            cursor.execute("ALTER TABLE monitoring_journalentry ENABLE TRIGGER monitoring_journal_keep")
        for _, statement in kept:
            cursor.execute(statement)

"""Where an event goes that a caller tells of: into its transaction, after it, or on its way as a fact at once."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any

from monitoring.journal.record import is_unwanted, made
from monitoring.recording.events import Entry
from monitoring.recording.recorder import recorder

from . import lines
from .recorded import Recorded


def record_once_committed(
    stream: str, action: str, values: Mapping[str, Any], details: Mapping[str, Any], log: logging.Logger
) -> Recorded:
    """Record an entry and write its line: at once, or when the transaction that is open has been committed.

    Args:
        stream: Of the journal.
        action: What was done.
        values: Of the entry, as `record.made` takes them.
        details: What else is known.
        log: Logger of its line.

    Returns:
        The entry's id.
    """
    entry = made(stream, action, **values, details=details)

    def send() -> None:
        recorder.record_fact(entry)
        _write_line(entry, log)

    if not is_unwanted(stream):
        _after_commit(open_transaction(), send)
    return Recorded(f"{entry.entry_id:032x}")


def record_within(
    stream: str, action: str, values: Mapping[str, Any], details: Mapping[str, Any], log: logging.Logger
) -> Recorded:
    """Write what succeeded in the transaction that is open, to be rolled back with it; record anything else at once.

    What failed or was denied has changed nothing, and is known even where the transaction is rolled back for it.

    Args:
        stream: Of the journal.
        action: What was done.
        values: Of the entry, as `record.made` takes them.
        details: What else is known.
        log: Logger of its line.

    Returns:
        The entry's id.

    Raises:
        NotKept: The journal cannot keep it, so that the transaction has to be rolled back.
    """
    entry = made(stream, action, **values, details=details)
    if is_unwanted(stream):
        return Recorded(f"{entry.entry_id:032x}")
    using = open_transaction() if entry.values["outcome"] == "success" else None
    if using is None:
        recorder.record_fact(entry)
    else:
        from monitoring.journal.deeds.keeping import keep

        keep(entry)
    _after_commit(using, lambda: _write_line(entry, log))
    return Recorded(f"{entry.entry_id:032x}")


def open_transaction() -> str | None:
    """Return the alias of the journal's database if the caller is inside a transaction of it; else None.

    Without Django there is none, and none in an event loop, in which Django allows no database.
    """
    if "django.db" not in sys.modules or asyncio._get_running_loop() is not None:
        return None
    from django.apps import apps

    if not apps.models_ready or not apps.is_installed("monitoring"):
        return None
    from django.db import connections, router

    from monitoring.journal.audit.models import PendingEntry

    using = router.db_for_write(PendingEntry)
    return using if connections[using].in_atomic_block else None


def _after_commit(using: str | None, act: Callable[[], None]) -> None:
    if using is None:
        act()
        return
    from django.db import transaction

    transaction.on_commit(act, using=using, robust=True)


def _write_line(entry: Entry, log: logging.Logger) -> None:
    lines.write(log, entry.action, {"entry_id": f"{entry.entry_id:032x}", **entry.values})

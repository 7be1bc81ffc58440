"""Keeping what is told in a transaction, in that very transaction: what cannot be kept is undone with it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import OperationalError, router, transaction
from rest_framework.exceptions import APIException

from monitoring.journal.audit.models import PendingEntry
from monitoring.journal.audit.writing import NewEntry, write
from monitoring.recording.events import Entry
from monitoring.storage.trail import Deed, NotKept

from . import entries

_log = logging.getLogger("monitoring.journal.audit")


class NotKeptError(APIException, NotKept):
    """What was asked for was not done, as the journal cannot keep it; an API answers 503."""

    status_code = 503


def acted(deed: Deed, using: str, **_: Any) -> None:
    """Keep a deed; called where it is told.

    Args:
        deed: What was done.
        using: Alias of the database whose transaction is open.

    Raises:
        NotKeptError: It cannot be kept.
        OperationalError: The database asks for another try.
    """
    entry = _written(deed.action, lambda: entries.of_deed(deed))
    transaction.on_commit(lambda: _log.info("%s", entry.action, extra=_told(entry)), using=using, robust=True)


def keep(entry: Entry) -> None:
    """Keep an entry that was made inside of a transaction of the journal's database; raises as `acted` does."""
    _written(entry.action, lambda: entries.of_entry(entry))


def _written(action: str, row: Callable[[], NewEntry]) -> NewEntry:
    """Write an entry where the journal is.

    That is where the platform keeps all of its tables, so that it is the transaction that is open. A project may keep
    tables of its own elsewhere: what its admin pages did there is kept all the same, by a statement of its own.
    """
    try:
        made = row()
        write([made], router.db_for_write(PendingEntry))
    except OperationalError:
        raise
    except Exception as error:
        _log.exception("%s is undone, as the journal cannot keep it", action)
        raise NotKeptError(f"Nothing was done: the journal cannot keep {action} ({type(error).__name__}).") from error
    return made


def _told(entry: NewEntry) -> dict[str, Any]:
    told = {
        "entry_id": entry.entry_id.hex,
        "action": entry.action,
        "outcome": entry.outcome,
        "actor": entry.actor,
        "target_type": entry.target_type,
        "target_id": entry.target_id,
        "client": entry.client,
    }
    return {name: value for name, value in told.items() if value}

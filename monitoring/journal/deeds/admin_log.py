"""What people do in Django's admin pages: whatever its own log keeps is audited, in the same transaction."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.apps import apps
from django.db import router, transaction
from django.db.models.signals import post_save

from monitoring.storage import trail
from monitoring.storage.trail import Deed

_VERBS = {1: "add", 2: "change", 3: "delete"}
_MARK, _TOLD = "_enginel_tells", "_enginel_told"


def connect() -> None:
    """Listen from now on, where the admin is installed."""
    if not apps.is_installed("django.contrib.admin"):
        return
    from django.contrib.admin.models import LogEntry, LogEntryManager

    post_save.connect(_saved, sender=LogEntry, dispatch_uid="enginel-journal-admin")
    if not hasattr(LogEntryManager.log_actions, _MARK):
        LogEntryManager.log_actions = _telling(LogEntryManager.log_actions)  # type: ignore[method-assign]


def _telling(log_actions: Any) -> Any:
    """Return what also tells of what is logged in bulk, of which Django sends no signal."""

    @wraps(log_actions)
    def log_and_tell(self: Any, *args: Any, **kwargs: Any) -> Any:
        using = self._db or router.db_for_write(self.model)
        with transaction.atomic(using=using):
            logged = log_actions(self, *args, **kwargs)
            for entry in logged if isinstance(logged, list) else []:
                _tell(entry, using)
            return logged

    setattr(log_and_tell, _MARK, True)
    return log_and_tell


def _saved(instance: Any, created: bool, using: str, raw: bool = False, **_: Any) -> None:
    if created and not raw:
        _tell(instance, using)


def _tell(entry: Any, using: str) -> None:
    """Tell of an entry of the admin's log, once."""
    if not getattr(entry, _TOLD, False):
        setattr(entry, _TOLD, True)
        trail.tell(_deed(entry), using)


def _deed(entry: Any) -> Deed:
    kind = entry.content_type
    return Deed(
        f"admin.{_VERBS.get(entry.action_flag, 'change')}",
        f"{kind.app_label}.{kind.model}" if kind is not None else "",
        str(entry.object_id or ""),
        user_id=str(entry.user_id),
        details={"object": entry.object_repr, "message": entry.get_change_message()},
    )

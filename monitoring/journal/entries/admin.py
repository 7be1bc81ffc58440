"""Admin pages of the journal: it can be read, and nobody changes it."""

from __future__ import annotations

from django.contrib import admin

from monitoring.access.admin import ReadOnlyAdmin
from monitoring.journal.audit.models import JournalEntry, PendingEntry

_SHOWN = ["at", "stream", "action", "outcome", "actor", "target_type", "target_id", "client"]


@admin.register(JournalEntry)
class JournalEntryAdmin(ReadOnlyAdmin):
    """Sealed entries, the newest first."""

    list_display = ["sequence", *_SHOWN]
    list_filter = ["stream", "outcome", "at"]
    search_fields = ["=action", "=actor", "=target_id", "=trace_id", "=request_id", "=client"]
    search_help_text = "The whole of an action, actor, target, trace, request or address"
    date_hierarchy = None
    ordering = ["-at", "-entry_id"]


@admin.register(PendingEntry)
class PendingEntryAdmin(ReadOnlyAdmin):
    """Entries that wait to be sealed, which takes some seconds."""

    list_display = [*_SHOWN]
    list_filter = ["stream", "outcome"]
    ordering = ["-at", "-entry_id"]

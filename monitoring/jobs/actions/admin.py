"""Admin pages of what admins did, and of the messages that can be run again. They change nothing."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from monitoring.access.admin import ReadOnlyAdmin

from .models import Action, StoredMessage


@admin.register(Action)
class ActionAdmin(ReadOnlyAdmin):
    """Actions, the newest first."""

    list_display = ["requested_at", "kind", "target", "user", "told_state", "told_detail"]
    list_filter = ["kind", "state", "requested_at"]
    search_fields = ["target", "user"]
    exclude = ["state", "detail"]
    readonly_fields = ["told_state", "told_detail"]


@admin.register(StoredMessage)
class StoredMessageAdmin(ReadOnlyAdmin):
    """Messages of tasks, without their bytes."""

    list_display = ["captured", "name", "task_id", "problem"]
    list_filter = ["captured"]
    search_fields = ["name", "task_id"]
    exclude = ["body", "signature"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StoredMessage]:
        """Leave the bytes in the database."""
        return super().get_queryset(request).defer("body", "signature")

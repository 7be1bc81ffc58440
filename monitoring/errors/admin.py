"""Admin page of the error log."""

from __future__ import annotations

from django.contrib import admin

from monitoring.access.admin import ReadOnlyAdmin

from .log.models import ErrorLog


@admin.register(ErrorLog)
class ErrorLogAdmin(ReadOnlyAdmin):
    """Errors, the newest first."""

    list_display = ["created", "error_type", "message", "name", "service"]
    list_filter = ["created", "environment"]
    search_fields = ["error_type", "message", "name", "trace_id"]

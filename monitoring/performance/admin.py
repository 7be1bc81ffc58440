"""Admin page of slow samples."""

from __future__ import annotations

from django.contrib import admin

from monitoring.access.admin import ReadOnlyAdmin

from .models import SlowSample


@admin.register(SlowSample)
class SlowSampleAdmin(ReadOnlyAdmin):
    """What was slow, the newest first."""

    list_display = ["at", "kind", "name", "duration", "service"]
    list_filter = ["kind", "at"]
    search_fields = ["name", "trace_id"]

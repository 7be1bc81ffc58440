"""Admin page of how it goes with sinks. What waits has none: its content is that of lines, errors and spans."""

from __future__ import annotations

from django.contrib import admin

from monitoring.access.admin import ReadOnlyAdmin

from .models import SinkState


@admin.register(SinkState)
class SinkStateAdmin(ReadOnlyAdmin):
    """Sinks that something was ever forwarded to."""

    list_display = [
        "sink",
        "sent",
        "refused",
        "dropped",
        "failures",
        "problem",
        "refused_problem",
        "sent_at",
        "paused_until",
    ]

"""Admin page of component states."""

from __future__ import annotations

from django.contrib import admin

from monitoring.access.admin import ReadOnlyAdmin

from .models import ComponentState


@admin.register(ComponentState)
class ComponentStateAdmin(ReadOnlyAdmin):
    """How every component is."""

    list_display = ["component", "status", "message", "since", "checked"]
    list_filter = ["status"]
    search_fields = ["component", "message"]
    ordering = ["component"]

"""Admin pages of anomalies, the newest first."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from monitoring.access.admin import ReadOnlyAdmin

from .kinds import State
from .models import Anomaly


@admin.register(Anomaly)
class AnomalyAdmin(ReadOnlyAdmin):
    """What is unusual, and what was; suspicions are left out."""

    list_display = ["started", "measure", "of", "name", "service", "state", "ending", "says"]
    list_filter = ["state", "measure", "of", "ending"]
    search_fields = ["name"]
    ordering = ["-started", "-pk"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Leave out what only one look has seen."""
        return super().get_queryset(request).exclude(state=State.SUSPECTED)

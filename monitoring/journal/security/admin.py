"""Admin pages of findings of clients, the newest first."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from monitoring.access.admin import ReadOnlyAdmin, counted

from . import actions
from .models import MAX_WHO, SecurityFinding


@admin.register(SecurityFinding)
class SecurityFindingAdmin(ReadOnlyAdmin):
    """What clients do as attackers do."""

    list_display = ["started", "kind", "subject", "confidence", "state", "blocked", "says"]
    list_filter = ["state", "kind", "blocked"]
    search_fields = ["subject"]
    ordering = ["-started", "-pk"]
    actions = ["dismiss"]

    def has_dismiss_permission(self, request: HttpRequest) -> bool:
        """Whether somebody may dismiss findings: who may change them."""
        return request.user.has_perm("monitoring.change_securityfinding")

    @admin.action(description="Dismiss selected findings for a day", permissions=["dismiss"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[SecurityFinding]) -> None:
        """Close findings as nothing to worry about."""
        now, who = datetime.now(UTC), str(request.user.get_username())[:MAX_WHO]
        done = sum(actions.dismiss(pk, who, now) for pk in queryset.values_list("pk", flat=True))
        messages.success(request, f"{counted(done, 'finding')} dismissed.")

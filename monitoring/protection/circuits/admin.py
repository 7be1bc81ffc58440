"""The admin page of circuits, to look at: they are opened and closed over HTTP, by the version that was looked at."""

from __future__ import annotations

from django.contrib import admin

from monitoring.access.admin import ReadOnlyAdmin

from .models import Circuit, CircuitChange


class ChangeInline(admin.TabularInline):  # type: ignore[type-arg]  # not subscriptable at run time
    """What was decided about a circuit."""

    model = CircuitChange
    extra = 0
    can_delete = False
    fields = ("at", "state", "hold", "reason", "by")
    readonly_fields = ("at", "state", "hold", "reason", "by")

    def has_add_permission(self, _request: object, _obj: object = None) -> bool:
        """Decisions are made elsewhere."""
        return False


@admin.register(Circuit)
class CircuitAdmin(ReadOnlyAdmin):
    """Circuits."""

    list_display = ["name", "service", "state", "hold", "since", "until", "by", "reason"]
    list_filter = ["state", "hold"]
    search_fields = ["name", "service"]
    inlines = [ChangeInline]

"""Admin pages of what keeps incidents from being told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from monitoring.access.admin import counted

from . import actions
from .forms import InhibitionForm, SilenceForm, WindowForm
from .models import Inhibition, MaintenanceWindow, Silence


@admin.register(Silence)
class SilenceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Silences: made here, and ended, but never changed, so that it stays known what was silent when."""

    form = SilenceForm
    list_display = ["comment", "what", "starts", "ends", "lasts", "who", "ended_by"]
    list_filter = ["ends"]
    search_fields = ["comment", "who"]
    actions = ["end"]
    show_full_result_count = False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Nobody changes what was silent."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Silences go when their time is up."""
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Ending silences is what changing them means."""
        return request.user.has_perm("monitoring.change_silence")

    def save_model(self, request: HttpRequest, obj: Silence, _form: Any, _change: bool) -> None:
        """Note who made it."""
        obj.who, obj.created = request.user.get_username()[:150], datetime.now(UTC)
        obj.save()

    @admin.display(description="incidents")
    def what(self, silence: Silence) -> str:
        """Show the matchers."""
        return ", ".join(f"{one['name']}{one['op']}{one['value']}" for one in silence.matchers)

    @admin.display(boolean=True)
    def lasts(self, silence: Silence) -> bool:
        """Show whether it is for now."""
        return silence.starts <= datetime.now(UTC) < silence.ends

    @admin.action(description="End selected silences now", permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet[Silence]) -> None:
        """End silences before their time."""
        pks = list(queryset.values_list("pk", flat=True))
        ended = sum(actions.end(pk, request.user.get_username()) for pk in pks)
        self.message_user(request, f"Ended {counted(ended, 'silence')}.")


@admin.register(MaintenanceWindow)
class MaintenanceWindowAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Maintenance windows."""

    form = WindowForm
    list_display = ["name", "starts", "minutes", "cron", "time_zone", "ends", "enabled", "who"]
    list_filter = ["enabled"]
    search_fields = ["name", "comment"]

    def save_model(self, request: HttpRequest, obj: MaintenanceWindow, _form: Any, _change: bool) -> None:
        """Note who made or changed it last."""
        obj.who = request.user.get_username()[:150]
        obj.save()


@admin.register(Inhibition)
class InhibitionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Which incidents follow from which; one with the name of a builtin one replaces it."""

    form = InhibitionForm
    list_display = ["name", "enabled", "comment"]
    list_filter = ["enabled"]
    search_fields = ["name", "comment"]

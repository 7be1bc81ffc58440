"""Admin pages of recoveries: what was chosen and why, and what was done; proposals are decided about in their list."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db import router, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from monitoring.access.admin import ReadOnlyAdmin, counted
from monitoring.recovery import approving, switch
from monitoring.recovery.models import Recovery, RecoveryAction, RecoveryEntry, RecoverySwitch

_BLOCK = '<pre style="white-space: pre-wrap; overflow-wrap: anywhere; margin: 0">{}</pre>'


def _as_text(value: Any) -> SafeString | str:
    return format_html(_BLOCK, json.dumps(value, indent=1, ensure_ascii=False)) if value else "-"


@admin.register(Recovery)
class RecoveryAdmin(ReadOnlyAdmin):
    """Recoveries, the newest first."""

    list_display = ["requested_at", "error_type", "name", "service", "strategy", "state", "success", "outcome"]
    list_filter = ["state", "outcome", "strategy", "trigger", "severity"]
    search_fields = ["name", "error_type", "error_id"]
    ordering = ["-requested_at", "-id"]
    fields = [
        *("error_id", "group_id", "service", "environment", "error_type", "severity", "name", "dependency", "trigger"),
        *("state", "strategy", "treated", "success", "message", "outcome", "shown_words", "shown_actions"),
        *("requested_at", "decided_at", "executed_at", "settled_at", "shown_choice", "shown_trail"),
    ]

    @admin.display(description="why")
    def shown_words(self, row: Recovery) -> str:
        """Say why this was chosen."""
        return str(row.choice.get("words") or "-")

    @admin.display(description="actions")
    def shown_actions(self, row: Recovery) -> SafeString | str:
        """List what was planned and done."""
        lines = ((one.strategy, one.state, one.says or one.plan) for one in row.actions.all())
        return format_html_join("", "<div><b>{}</b>: {}. {}</div>", lines) or "-"

    @admin.display(description="choice")
    def shown_choice(self, row: Recovery) -> SafeString | str:
        """Show what was believed of each strategy."""
        return _as_text(row.choice)

    @admin.display(description="trail")
    def shown_trail(self, row: Recovery) -> SafeString | str:
        """List what happened, in its order."""
        entries = RecoveryEntry.objects.filter(recovery_id=row.pk).order_by("at", "pk")[:200]
        lines = (
            (f"{one.at:%Y-%m-%d %H:%M:%S}", one.event, one.strategy, one.who or "Enginel", one.says) for one in entries
        )
        return format_html_join("", "<div>{} {} {} by {}: {}</div>", lines) or "-"


@admin.register(RecoveryAction)
class RecoveryActionAdmin(ReadOnlyAdmin):
    """Actions, the newest first; those that are proposed wait for somebody."""

    list_display = ["created", "strategy", "target", "state", "plan", "says", "expires", "who"]
    list_filter = ["state", "strategy"]
    search_fields = ["target"]
    ordering = ["-created", "-id"]
    actions = ["approve", "reject", "take_back"]
    fields = [
        *("recovery", "strategy", "target", "state", "plan", "says", "who", "created", "approved_at"),
        *("performing_at", "executed_at", "expires", "ended_at", "shown_parameters", "shown_facts", "shown_undo"),
    ]

    @admin.display(description="parameters")
    def shown_parameters(self, row: RecoveryAction) -> SafeString | str:
        """Show its parameters."""
        return _as_text(row.parameters)

    @admin.display(description="facts")
    def shown_facts(self, row: RecoveryAction) -> SafeString | str:
        """Show what was seen before and after."""
        return _as_text(row.facts)

    @admin.display(description="way back")
    def shown_undo(self, row: RecoveryAction) -> SafeString | str:
        """Show what taking it back would go by."""
        return _as_text(row.undo)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Whether the user may decide: who may change actions."""
        return bool(request.user.has_perm("monitoring.change_recoveryaction"))

    @admin.action(description="Approve selected proposals", permissions=["decide"])
    def approve(self, request: HttpRequest, queryset: QuerySet[RecoveryAction]) -> None:
        """Let proposals be carried out."""
        self._decide(request, queryset, approving.approve, "approved")

    @admin.action(description="Reject selected proposals", permissions=["decide"])
    def reject(self, request: HttpRequest, queryset: QuerySet[RecoveryAction]) -> None:
        """Have proposals not carried out."""
        self._decide(request, queryset, approving.reject, "rejected")

    @admin.action(description="Take selected actions back", permissions=["decide"])
    def take_back(self, request: HttpRequest, queryset: QuerySet[RecoveryAction]) -> None:
        """Have actions taken back."""
        self._decide(request, queryset, approving.take_back, "to be taken back")

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[RecoveryAction],
        decide: Callable[[Any, str, int], RecoveryAction],
        done: str,
    ) -> None:
        """Decide about each as it is now, and say of which that was not possible."""
        decided = 0
        for row in queryset:
            try:
                decide(row.pk, str(request.user.get_username()), row.version)
                decided += 1
            except approving.NotPossibleError as error:
                messages.warning(request, f"{row}: {error}")
        if decided:
            messages.success(request, f"{counted(decided, 'action')} {done}.")


@admin.register(RecoveryEntry)
class RecoveryEntryAdmin(ReadOnlyAdmin):
    """The audit trail, the newest first."""

    list_display = ["at", "event", "strategy", "target", "who", "says"]
    list_filter = ["event", "strategy"]
    search_fields = ["target", "who"]
    ordering = ["-at", "-id"]


@admin.register(RecoverySwitch)
class RecoverySwitchAdmin(ReadOnlyAdmin):
    """The kill switch: one row, which is turned by what is chosen above it."""

    list_display = ["recovery_is_on", "who", "reason", "at"]
    list_display_links = None
    actions = ["turn_off", "turn_on"]

    @admin.display(description="recovery is on", boolean=True)
    def recovery_is_on(self, row: RecoverySwitch) -> bool:
        """Say whether recovery acts."""
        return not row.off

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Whether the user may turn it: who may change it."""
        return bool(request.user.has_perm("monitoring.change_recoveryswitch"))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show it, also where nobody has turned it yet."""
        alias = router.db_for_write(RecoverySwitch)
        with transaction.atomic(using=alias):
            switch.hold(alias)
        return super().changelist_view(request, extra_context)

    @admin.action(description="Switch recovery off", permissions=["decide"])
    def turn_off(self, request: HttpRequest, _queryset: QuerySet[RecoverySwitch]) -> None:
        """Stop all of it."""
        self._turn(request, on=False)

    @admin.action(description="Switch recovery on", permissions=["decide"])
    def turn_on(self, request: HttpRequest, _queryset: QuerySet[RecoverySwitch]) -> None:
        """Let it act again."""
        self._turn(request, on=True)

    def _turn(self, request: HttpRequest, *, on: bool) -> None:
        switch.turn(on, str(request.user.get_username()))
        messages.success(request, f"Recovery is switched {'on' if on else 'off'}.")

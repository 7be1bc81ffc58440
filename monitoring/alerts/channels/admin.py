"""Admin pages of channels. Secrets go in and never come out; a test says at once whether a channel reaches anybody."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from . import registry, trial
from .forms import DECLARED, ChannelForm
from .models import AlertChannel
from .redaction import shown
from .trial import Result

_LEVELS = {Result.SENT: messages.SUCCESS, Result.FAILED: messages.WARNING, Result.REFUSED: messages.ERROR}
_MOST_TESTS = 10


@admin.register(AlertChannel)
class AlertChannelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """Channels that people made; those of Django's settings and of code are not here."""

    form = ChannelForm
    list_display = ["name", "kind", "severities_shown", "escalation", "enabled", "target", "changed_by"]
    list_filter = ["kind", "enabled", "escalation"]
    search_fields = ["name"]
    actions = ["send_test"]
    ordering = ["name"]
    list_per_page = 50
    show_full_result_count = False
    readonly_fields = ["target", "changed", "changed_by"]

    def get_fieldsets(self, _request: HttpRequest, obj: AlertChannel | None = None) -> Any:
        """Show the settings of the channel's kind; those of each kind while it has none."""
        kinds = (
            [registry.KINDS[obj.kind]] if obj is not None and obj.kind in registry.KINDS else registry.KINDS.values()
        )
        sets: list[Any] = [(None, {"fields": ["name", "kind", "severities", "escalation", "enabled", "hourly_limit"]})]
        for kind in kinds:
            names = [name for name in DECLARED if name.startswith(f"{kind.name}_")]
            if names:
                sets.append((kind.label, {"fields": names}))
        if obj is not None:
            sets.append(("Stored", {"fields": ["target", "changed", "changed_by"]}))
        return sets

    def get_readonly_fields(self, _request: HttpRequest, obj: AlertChannel | None = None) -> list[str]:
        """Keep the kind of a channel, which its settings belong to, as it is."""
        return [*self.readonly_fields, *(["kind"] if obj is not None else [])]

    def save_model(self, request: HttpRequest, obj: AlertChannel, form: Any, change: bool) -> None:
        """Note who changed it."""
        obj.changed_by = request.user.get_username()[:200]
        super().save_model(request, obj, form, change)

    @admin.display(description="severities")
    def severities_shown(self, channel: AlertChannel) -> str:
        """Name the severities."""
        return ", ".join(map(str, channel.severities)) if isinstance(channel.severities, list) else ""

    @admin.display(description="settings")
    def target(self, channel: AlertChannel) -> str:
        """Show the settings, without secrets."""
        held = shown(channel.kind, channel.settings)
        return "; ".join(
            f"{name}: {', '.join(map(str, one)) if isinstance(one, list) else one}" for name, one in held.items()
        )

    @admin.action(description="Send a test to the selected channels", permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[AlertChannel]) -> None:
        """Send a test to each destination of some channels, now."""
        chosen = list(queryset.order_by("name")[: _MOST_TESTS + 1])
        if len(chosen) > _MOST_TESTS:
            self.message_user(request, f"Choose {_MOST_TESTS} channels at most: each is waited for.", messages.ERROR)
            return
        for channel in chosen:
            for outcome in trial.send_test(channel, request.user.get_username()):
                text = f"{outcome.label}: {outcome.result}{f'. {outcome.detail}' if outcome.detail else '.'}"
                self.message_user(request, text, _LEVELS[outcome.result])

"""Admin pages of throttles: they are made, changed and ended here as over HTTP, and by the same rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from monitoring.access.admin import counted
from monitoring.protection.people import name_of
from monitoring.protection.telling import tell

from . import actions
from .limit import Limit, canonical
from .models import Throttle, ThrottleState

_GIVEN: list[Any] = ["scope", "match", "rate", "burst", "per", "reason", "enabled", "expires"]
_KEPT: list[Any] = ["shown_state", "origin", "created", "created_by", "changed", "changed_by", "ended", "ended_by"]


class ThrottleForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A throttle as people type it."""

    def clean(self) -> dict[str, Any]:
        """Refuse what no request could be compared with, and what is over before it begins."""
        given = super().clean() or {}
        if given and not self.errors:
            scope = given.get("scope", self.instance.scope)
            given["match"] = canonical(scope, given["match"])
            limit = Limit(
                **{"scope": scope} | {name: given[name] for name in Limit.__dataclass_fields__ if name in given}
            )
            errors = dict(limit.problems())
            if given.get("expires") is not None and given["expires"] <= datetime.now(UTC):
                errors["expires"] = "Must be a time to come."
            if errors:
                raise ValidationError({name: [text] for name, text in errors.items()})
            if self.instance.pk is None and actions.is_full():
                raise ValidationError(str(actions.TooManyError()))
        return given


class StateFilter(admin.SimpleListFilter):
    """Throttles by what is true of them now."""

    title = "state"
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Return the states."""
        return list(ThrottleState.choices)

    def queryset(self, _request: HttpRequest, queryset: Any) -> Any:
        """Return those in the state that was chosen."""
        value = self.value()
        return queryset.in_state(value, datetime.now(UTC)) if value in ThrottleState.values else queryset


@admin.register(Throttle)
class ThrottleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """Throttles, the newest first. They are ended instead of deleted, so that it is known who did it."""

    form = ThrottleForm
    list_display = ["id", "scope", "match", "rate", "burst", "per", "shown_state", "origin", "expires", "created_by"]
    list_filter = [StateFilter, "scope", "origin"]
    actions = ["end_selected"]
    ordering = ["-pk"]
    list_per_page = 50
    show_full_result_count = False
    fieldsets = [(None, {"fields": _GIVEN}), ("Who", {"fields": _KEPT})]

    def get_readonly_fields(self, _request: HttpRequest, obj: Throttle | None = None) -> list[str]:
        """Let nobody change what a throttle is compared with, nor one that was ended."""
        if obj is None:
            return _KEPT
        return [*_KEPT, "scope"] if obj.ended is None else [*_KEPT, *_GIVEN]

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Throttles are ended."""
        return False

    def save_model(self, request: HttpRequest, obj: Throttle, form: Any, change: bool) -> None:
        """Keep who made or changed it."""
        now, who = datetime.now(UTC), name_of(request.user)
        if change:
            obj.changed, obj.changed_by = now, who
            obj.save(update_fields=[*form.changed_data, "changed", "changed_by"])
        else:
            obj.created, obj.created_by = now, who
            obj.save()
        tell(str(obj._state.db))

    @admin.display(description="state")
    def shown_state(self, row: Throttle) -> str:
        """Say what is true of it now."""
        return row.state(datetime.now(UTC)).value if row.pk else "-"

    @admin.action(description="End selected throttles", permissions=["change"])
    def end_selected(self, request: HttpRequest, queryset: QuerySet[Throttle]) -> None:
        """End throttles."""
        now, who = datetime.now(UTC), name_of(request.user)
        ended = sum(actions.end(pk, who, now) for pk in queryset.values_list("pk", flat=True))
        messages.success(request, f"{counted(ended, 'throttle')} ended.")

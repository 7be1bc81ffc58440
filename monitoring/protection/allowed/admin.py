"""Admin pages of the allow-list: networks are put on it and taken off as over HTTP, and by the same rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from monitoring.access.admin import counted
from monitoring.protection import networks
from monitoring.protection.people import name_of

from . import actions
from .models import AllowedNetwork


class AllowedForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """An entry as people type it."""

    def clean_network(self) -> str:
        """Refuse what is no network, and everybody."""
        network = networks.read(self.cleaned_data["network"])
        if network is None:
            raise ValidationError(networks.FORM)
        if problem := actions.problem_of(network):
            raise ValidationError(problem)
        return str(network)

    def clean_expires(self) -> datetime | None:
        """Refuse a time that has passed."""
        expires: datetime | None = self.cleaned_data["expires"]
        if expires is not None and expires <= datetime.now(UTC):
            raise ValidationError("Must be a time to come.")
        return expires


@admin.register(AllowedNetwork)
class AllowedNetworkAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """Networks whose requests are never refused. They are taken off instead of deleted: it is known who did it."""

    form = AllowedForm
    list_display = ["network", "comment", "expires", "created", "created_by", "ended", "ended_by"]
    list_filter = [("ended", admin.EmptyFieldListFilter)]
    search_fields = ["network", "comment"]
    actions = ["take_off"]
    fields = ["network", "comment", "expires"]
    ordering = ["-pk"]
    list_per_page = 50
    show_full_result_count = False

    def has_change_permission(self, request: HttpRequest, obj: AllowedNetwork | None = None) -> bool:
        """Let entries be looked at and taken off: what is to be changed is put on the list anew."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Entries are taken off."""
        return False

    def save_model(self, request: HttpRequest, obj: AllowedNetwork, form: Any, change: bool) -> None:
        """Put it on the list, and say how many blocks that has ended."""
        del form, change
        network = networks.read(obj.network)
        assert network is not None  # noqa: S101  # the form has looked
        row, ended = actions.allow(network, obj.comment, name_of(request.user), datetime.now(UTC), obj.expires)
        obj.pk = row.pk
        if ended:
            messages.info(request, f"This ended {counted(ended, 'block')}.")

    @admin.action(description="Take selected networks off the list", permissions=["change"])
    def take_off(self, request: HttpRequest, queryset: QuerySet[AllowedNetwork]) -> None:
        """Take networks off the list."""
        now, who = datetime.now(UTC), name_of(request.user)
        ended = sum(actions.disallow(pk, who, now) for pk in queryset.values_list("pk", flat=True))
        messages.success(request, f"{counted(ended, 'network')} taken off.")

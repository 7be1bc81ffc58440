"""Admin pages of blocks: what happened, and unblocking. They are made over HTTP, where the own address is known."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from monitoring.access.admin import ReadOnlyAdmin, counted
from monitoring.protection.blocks import finding
from monitoring.protection.blocks.models import Block, BlockState
from monitoring.protection.people import name_of

from . import acts


class StateFilter(admin.SimpleListFilter):
    """Blocks by what is true of them now."""

    title = "state"
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Return the states."""
        return list(BlockState.choices)

    def queryset(self, _request: HttpRequest, queryset: Any) -> Any:
        """Return those in the state that was chosen."""
        value = self.value()
        return queryset.in_state(value, datetime.now(UTC)) if value in BlockState.values else queryset


@admin.register(Block)
class BlockAdmin(ReadOnlyAdmin):
    """Blocks, the newest first, with those that were withheld."""

    list_display = ["network", "shown_state", "origin", "reason", "route", "count", "started", "expires", "created_by"]
    list_filter = [StateFilter, "origin", "withheld", "crossed"]
    search_fields = ["network", "route"]
    actions = ["unblock"]
    ordering = ["-started", "-id"]
    fields = [
        *("network", "shown_state", "origin", "crossed", "withheld", "reason", "route", "count", "window", "level"),
        *("started", "expires", "ended", "ended_by", "created_by", "shown_addresses", "shown_evidence"),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Block]:
        """Leave the evidence out of lists."""
        rows: QuerySet[Block] = super().get_queryset(request)
        return rows.defer("evidence")

    @admin.display(description="state")
    def shown_state(self, row: Block) -> str:
        """Say what is true of it now."""
        return row.state(datetime.now(UTC)).value

    @admin.display(description="addresses")
    def shown_addresses(self, row: Block) -> str:
        """Show whence the errors came."""
        return ", ".join(row.addresses) or "-"

    @admin.display(description="evidence")
    def shown_evidence(self, row: Block) -> SafeString | str:
        """Show what it comes from."""
        lines = '<pre style="white-space: pre-wrap; overflow-wrap: anywhere; margin: 0">{}</pre>'
        return format_html(lines, json.dumps(row.evidence, indent=1, ensure_ascii=False)) if row.evidence else "-"

    def has_unblock_permission(self, request: HttpRequest) -> bool:
        """Whether the user may unblock: who may change blocks."""
        return bool(request.user.has_perm("monitoring.change_block"))

    @admin.action(description="Unblock selected clients", permissions=["unblock"])
    def unblock(self, request: HttpRequest, queryset: QuerySet[Block]) -> None:
        """End blocks before their time."""
        pks = list(acts.rows().filter(pk__in=queryset.values("pk")).values_list("pk", flat=True))
        ended = finding.end(pks, name_of(request.user), datetime.now(UTC))
        messages.success(request, f"{counted(len(ended), 'client')} unblocked.")

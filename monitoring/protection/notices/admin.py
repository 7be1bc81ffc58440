"""Admin page of notices: what was told, what could not be, and another try for that."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db import router, transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from monitoring.access.admin import ReadOnlyAdmin, counted
from monitoring.storage import outbox, trail

from .models import Notice


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """Notices, the newest first. Those that are dead were given up: `last_error` says why."""

    list_display = ["created", "kind", "subject", "state", "attempts", "next_at", "settled", "last_error"]
    list_filter = ["state", "kind", "created"]
    search_fields = ["subject", "last_error", "idempotency_key"]
    readonly_fields = ["idempotency_key"]
    actions = ["send_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notice]:
        """Read what they say where one is looked at, not in the list."""
        rows = super().get_queryset(request)
        return rows.defer("message") if request.resolver_match and not request.resolver_match.kwargs else rows

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        """Sending again is what changing a notice means."""
        return request.user.has_perm("monitoring.change_notice")

    @admin.action(description="Send the selected notices that were given up again", permissions=["send_again"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Notice]) -> None:
        """Have them sent with the next run, within half a minute."""
        alias = router.db_for_write(Notice)
        with transaction.atomic(using=alias):
            again = sum(outbox.retry(notice) for notice in queryset.using(alias).order_by("pk"))
            if again:
                trail.tell(trail.Deed("notice.send_again", "notice", "", details={"number": again}), alias)
        level = messages.SUCCESS if again else messages.WARNING
        self.message_user(request, f"{counted(again, 'notice')} will be sent again.", level)

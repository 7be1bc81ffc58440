"""Admin page of the batches that could not be taken in."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from monitoring.access.admin import ReadOnlyAdmin
from monitoring.conf import get_config

from .models import DeadLetter


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    """Dead letters, the newest first, and another try for them."""

    list_display = ["created", "reason", "stream", "producer", "sequence", "error"]
    list_filter = ["reason", "created"]
    search_fields = ["producer", "error"]
    actions = ["replay"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeadLetter]:
        """Leave the bytes in the database."""
        return super().get_queryset(request).defer("fields")

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Replaying is what changing a dead letter means."""
        return request.user.has_perm("monitoring.change_deadletter")

    @admin.action(description="Replay the selected dead letters", permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        """Take the selected dead letters in again."""
        from .replay import ReplayError, replay  # brings NumPy, which web processes do without until then

        events = 0
        for letter in queryset.order_by("pk"):
            try:
                events += replay(letter, get_config())
            except ReplayError as error:
                self.message_user(request, f"{letter} still cannot be taken in: {error}", messages.ERROR)
        self.message_user(request, f"{events} events counted.")

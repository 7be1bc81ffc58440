"""Admin pages of what was told of incidents, and of the ways it went. What was given up can be sent after all."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from monitoring.access.admin import ReadOnlyAdmin, counted

from . import reviving
from .models import AlertDigest, Delivery, DeliveryGate


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Deliveries, the newest first. Those that are dead were given up: `last_error` says why."""

    list_display = ["created", "kind", "incident", "label", "state", "attempts", "next_at", "settled", "last_error"]
    list_filter = ["state", "kind", "channel", "created"]
    list_select_related = ["incident"]
    search_fields = ["label", "last_error", "idempotency_key"]
    readonly_fields = ["idempotency_key", "digest", "follows"]
    actions = ["send_again"]

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        """Sending again is what changing a delivery means."""
        return request.user.has_perm("monitoring.change_delivery")

    @admin.action(description="Send the selected deliveries that were given up again", permissions=["send_again"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Have them sent with the next run, within ten seconds; those of a digest with all that it told of."""
        again = reviving.send_again(queryset.values_list("pk", flat=True))
        said = f"{again} {'delivery' if again == 1 else 'deliveries'} will be sent again."
        self.message_user(request, said, messages.SUCCESS if again else messages.WARNING)


@admin.register(AlertDigest)
class AlertDigestAdmin(ReadOnlyAdmin):
    """Messages that told of many incidents, the newest first."""

    list_display = ["created", "destination", "state", "attempts", "settled", "last_error"]
    list_filter = ["state", "created"]
    search_fields = ["destination", "last_error", "idempotency_key"]
    readonly_fields = ["idempotency_key", "told"]

    @admin.display(description="tells of")
    def told(self, digest: AlertDigest) -> str:
        """Say how much it tells of."""
        return counted(digest.deliveries.count(), "transition")


@admin.register(DeliveryGate)
class DeliveryGateAdmin(ReadOnlyAdmin):
    """How it goes with each destination."""

    list_display = ["label", "channel", "failures", "paused_until", "problem"]
    list_filter = ["channel"]
    search_fields = ["label"]
    actions = ["try_at_once"]

    def has_try_at_once_permission(self, request: HttpRequest) -> bool:
        """Trying at once is what changing a destination means."""
        return request.user.has_perm("monitoring.change_deliverygate")

    @admin.action(description="Try the selected destinations at once", permissions=["try_at_once"])
    def try_at_once(self, request: HttpRequest, queryset: QuerySet[DeliveryGate]) -> None:
        """End their pauses: what waits is sent with the next run, within ten seconds."""
        tried = reviving.try_at_once(list(queryset.values_list("pk", flat=True)))
        said = f"{tried} {'destination' if tried == 1 else 'destinations'} will be tried at once."
        self.message_user(request, said, messages.SUCCESS)

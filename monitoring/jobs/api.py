"""What was found to be wrong with jobs, over HTTP."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import ChoicesField, MomentField
from monitoring.access.openapi import describe
from monitoring.access.paging import CursorPages
from monitoring.access.problems import refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView

from .findings import KINDS, Finding


class FindingSerializer(serializers.ModelSerializer[Finding]):
    """Something that is or was wrong."""

    kind = serializers.ChoiceField(choices=KINDS)
    subject = serializers.CharField(help_text="What it is about, such as the name of a worker.")
    detail = serializers.DictField(help_text="Evidence.")
    closed = serializers.DateTimeField(allow_null=True, help_text="`null` while it is so.")
    event = serializers.BooleanField(help_text="It happened once, and was never open.")

    class Meta:
        model = Finding
        fields = ["id", "kind", "subject", "detail", "opened", "closed", "event"]
        read_only_fields = fields


class FindingFilterSerializer(serializers.Serializer[Any]):
    """Which findings."""

    kind = ChoicesField(KINDS, required=False, help_text="One or several, by commas.")
    open = serializers.ChoiceField(
        choices=["true", "false"], required=False, help_text="Those that are so, or those that are over."
    )
    subject = serializers.CharField(required=False, max_length=300, trim_whitespace=False)
    since = MomentField(
        required=False, help_text="Those that began then or later: ISO 8601, or seconds since the epoch."
    )


class FindingPages(CursorPages):
    """Pages of findings, the newest first."""

    ordering = ("-opened", "-id")


class FindingsView(ApiView, generics.ListAPIView[Finding]):
    """What is wrong, and what was."""

    serializer_class = FindingSerializer
    pagination_class = FindingPages
    filter_backends = []

    def get_queryset(self) -> QuerySet[Finding]:
        """Narrow down by the query parameters."""
        wanted, rows = read(self.request, FindingFilterSerializer, FindingPages), Finding.objects.all()
        if "kind" in wanted:
            rows = rows.filter(kind__in=wanted["kind"])
        if "open" in wanted:
            rows = rows.filter(closed__isnull=wanted["open"] == "true")
        if "subject" in wanted:
            rows = rows.filter(subject=wanted["subject"])
        if "since" in wanted:
            rows = rows.filter(opened__gte=wanted["since"])
        return rows

    @describe(
        operation_id="findings",
        parameters=[FindingFilterSerializer],
        responses={200: FindingSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List findings, the newest first."""
        return super().get(request, *args, **kwargs)

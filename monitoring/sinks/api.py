"""Sinks over HTTP: which are on, and how it goes with them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.openapi import describe
from monitoring.access.views import ApiView
from monitoring.conf import get_config

from .standing import Standing, standing


class SinkSerializer(serializers.Serializer[Any]):
    """A sink that is on."""

    sink = serializers.CharField()
    address = serializers.CharField(help_text="Without what must stay secret.")
    waiting_records = serializers.IntegerField()
    waiting_bytes = serializers.IntegerField(help_text="Compressed; `SINK_BACKLOG_BYTES` bounds them.")
    waiting_since = serializers.DateTimeField(allow_null=True, help_text="When the oldest of it was taken in.")
    sent = serializers.IntegerField()
    refused = serializers.IntegerField(help_text="What the receiver will never take.")
    dropped = serializers.IntegerField(help_text="What had to go as too much waited.")
    failures = serializers.IntegerField(help_text="Attempts that failed since the last that did not.")
    problem = serializers.CharField(help_text="Why; empty while it goes well.")
    refused_problem = serializers.CharField(help_text="Why records were last refused.")
    sent_at = serializers.DateTimeField(allow_null=True)
    failed_at = serializers.DateTimeField(allow_null=True)
    paused_until = serializers.DateTimeField(allow_null=True, help_text="Until then it is left alone.")


class SinksSerializer(serializers.Serializer[Any]):
    """The sinks that are on."""

    sinks = SinkSerializer(many=True)


class SinksView(ApiView):
    """How it goes with what is forwarded."""

    @describe(operation_id="sinks", responses={200: SinksSerializer})
    def get(self, _request: Request) -> Response:
        """Answer with the sinks that are on."""
        return Response(SinksSerializer({"sinks": [_row(one) for one in standing(get_config())]}).data)


def _row(one: Standing) -> dict[str, Any]:
    state = one.state
    told = ("sent", "refused", "dropped", "failures", "problem", "refused_problem", "sent_at", "failed_at")
    return {
        "sink": one.kind,
        "address": one.address,
        "waiting_records": one.waiting.events,
        "waiting_bytes": one.waiting.bytes,
        "waiting_since": one.waiting.since,
        **{name: getattr(state, name) for name in (*told, "paused_until")},
    }

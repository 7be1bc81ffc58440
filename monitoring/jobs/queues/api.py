"""Queues over HTTP: which are behind and by how much, and how one has been lately."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import WholeNumberField
from monitoring.access.openapi import describe
from monitoring.access.problems import refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView
from monitoring.conf import get_config

from . import reader
from .models import QueueState

SORTS = ("name", "depth", "unacked", "oldest_age", "drain_seconds")
HISTORY_MINUTES = 60


class QueueSerializer(serializers.ModelSerializer[QueueState]):
    """A queue at its last sample. What is `null`, nobody can know."""

    depth = serializers.IntegerField(help_text="Messages that wait, over all priorities.")
    by_priority = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="The same by priority step; empty where the broker keeps none apart.",
    )
    unacked = serializers.IntegerField(
        allow_null=True, help_text="Messages that workers hold and have not acknowledged; `null` when not known."
    )
    unacked_estimated = serializers.BooleanField(help_text="`unacked` was extrapolated: too many to look at each.")
    oldest_unacked_age = serializers.FloatField(
        allow_null=True, help_text="Seconds since the message that is held longest was taken."
    )
    oldest_age = serializers.FloatField(
        allow_null=True, help_text="By how many seconds the queue is behind: how long its oldest message is due."
    )
    oldest_age_estimated = serializers.BooleanField(
        help_text="`oldest_age` follows from how many came and went, not from the message itself."
    )
    consumers = serializers.IntegerField(allow_null=True, help_text="Consumers as the broker counts them.")
    workers = serializers.IntegerField(help_text="Workers alive that consume the queue.")
    processes = serializers.IntegerField(help_text="Processes or threads of those workers.")
    rate_in = serializers.FloatField(help_text="Messages a second that come in, over one to two minutes.")
    rate_out = serializers.FloatField(help_text="Messages a second that are taken out.")
    drain_seconds = serializers.FloatField(
        allow_null=True, help_text="Seconds until it is empty if no more came; `null` when nothing is taken out."
    )
    drain_seconds_net = serializers.FloatField(
        allow_null=True, help_text="Seconds until it is empty at the present rates; `null` when it does not shrink."
    )
    at = serializers.DateTimeField(help_text="When the sample was taken.")
    stale = serializers.SerializerMethodField(help_text="The sample is older than it should be.")

    class Meta:
        model = QueueState
        fields = [
            "name", "depth", "by_priority", "unacked", "unacked_estimated", "oldest_unacked_age", "oldest_age",
            "oldest_age_estimated", "consumers", "workers", "processes", "rate_in", "rate_out", "drain_seconds",
            "drain_seconds_net", "at", "stale",
        ]  # fmt: skip
        read_only_fields = fields

    def get_stale(self, state: QueueState) -> bool:
        """Say whether the sample is older than two intervals."""
        return not reader.is_fresh(state)


class QueuesSerializer(serializers.Serializer[Any]):
    """All queues that are known, of one broker."""

    broker = serializers.CharField(help_text="Kind of the broker: `redis`, `amqp`, or one that is not supported.")
    supported = serializers.BooleanField(help_text="Whether queues of this kind of broker can be looked into.")
    stale = serializers.BooleanField(help_text="The broker is away; the queues are as they were last seen.")
    queues = QueueSerializer(many=True)


class QueueFilterSerializer(serializers.Serializer[Any]):
    """Which queues, in which order."""

    name = serializers.CharField(
        required=False, max_length=200, trim_whitespace=False, help_text="Those whose name holds this."
    )
    behind = serializers.FloatField(
        required=False, min_value=0, max_value=1e9, help_text="Those whose oldest message waits at least these seconds."
    )
    sort = serializers.ChoiceField(choices=SORTS, default="name", help_text="Numbers go from the greatest down.")


class QueuesView(ApiView):
    """Every queue: how much waits, for how long, and until when."""

    @describe(
        operation_id="queues", parameters=[QueueFilterSerializer], responses={200: QueuesSerializer, **refusals(400)}
    )
    def get(self, request: Request) -> Response:
        """List queues; none is left out for being empty."""
        wanted, found = read(request, QueueFilterSerializer), reader.latest()
        states = [state for state in found.states if wanted.get("name", "") in state.name]
        if "behind" in wanted:
            states = [state for state in states if (state.oldest_age or 0) >= wanted["behind"] and state.depth]
        if (sort := wanted["sort"]) != "name":
            states.sort(key=lambda state: (getattr(state, sort) is None, -(getattr(state, sort) or 0), state.name))
        answer = {"broker": found.broker, "supported": found.supported, "stale": found.stale, "queues": states}
        return Response(QueuesSerializer(answer).data)


class QueueMinuteSerializer(serializers.Serializer[Any]):
    """A queue in one minute."""

    minute = serializers.DateTimeField(help_text="Its beginning.")
    max_depth = serializers.IntegerField(allow_null=True, help_text="`null` when nobody looked in that minute.")
    max_age = serializers.FloatField(allow_null=True, help_text="Seconds.")
    sent = serializers.IntegerField(help_text="Messages recorded to be sent to it.")
    received = serializers.IntegerField(help_text="Messages recorded to be received from it.")


class QueueDetailSerializer(QueueSerializer):
    """A queue with its last minutes."""

    history = QueueMinuteSerializer(many=True, help_text="The oldest minute first.")

    class Meta(QueueSerializer.Meta):
        fields = [*QueueSerializer.Meta.fields, "history"]
        read_only_fields = fields


class HistorySerializer(serializers.Serializer[Any]):
    """How far back."""

    minutes = WholeNumberField(default=HISTORY_MINUTES, min_value=1, help_text="How far back, until now.")

    def validate_minutes(self, minutes: int) -> int:
        """Refuse a window of which parts are no longer kept."""
        kept = get_config().minute_retention_hours * 60
        if minutes > kept:
            raise serializers.ValidationError(f"Minutes are kept for {kept} minutes only.")
        return minutes


class QueueView(ApiView):
    """One queue, with what it was like lately."""

    @describe(
        operation_id="queue",
        parameters=[HistorySerializer],
        responses={200: QueueDetailSerializer, **refusals(400, 404)},
    )
    def get(self, request: Request, name: str) -> Response:
        """Return a queue and its history minute by minute."""
        window = read(request, HistorySerializer)
        state, _ = reader.one(name)
        if state is None:
            raise NotFound("There is no queue of this name.")
        minutes = reader.history(name, window["minutes"])
        answer = QueueSerializer(state).data
        return Response({**answer, "history": QueueMinuteSerializer(minutes, many=True).data})

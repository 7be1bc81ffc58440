"""How traces are shown, and what they can be asked for by."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from monitoring.access.fields import MomentField, WholeNumberField
from monitoring.jobs.runs.filters import Exact, InternalField

from .listing import MOST
from .parts import EventKind, PartKind


class TraceFilterSerializer(serializers.Serializer[Any]):
    """Which traces."""

    request_id = Exact(64, help_text="Those of a request, by its `X-Request-ID`.")
    task_id = Exact(help_text="Those of a task.")
    error_id = serializers.UUIDField(required=False, help_text="That of an error.")
    name = Exact(help_text="Those with a part of this name: method and route, or a task.")
    service = Exact(help_text="Those with a part of this service.")
    errors = serializers.ChoiceField(  # type: ignore[assignment]  # REST framework's serializers have errors, too
        choices=["true"], required=False, help_text="Those in which something failed."
    )
    internal = InternalField()
    to = MomentField(required=False, help_text="Those of which something was before.")
    limit = WholeNumberField(default=20, min_value=1, max_value=MOST, help_text="How many are shown.")

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which is no name in Python."""
        text = "Those of then or later: ISO 8601, or seconds since the epoch. 24 hours before `to`, or now, unless "
        moment = MomentField(required=False, help_text=text + "given; with `task_id` everything that is kept.")
        return {**super().get_fields(), "from": moment}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a window that ends before it begins, and more than one id."""
        if "from" in attrs and "to" in attrs and attrs["to"] <= attrs["from"]:
            raise serializers.ValidationError({"to": ["Must be after `from`."]})
        if len(attrs.keys() & {"request_id", "task_id", "error_id"}) > 1:
            raise serializers.ValidationError("Give one of request_id, task_id and error_id.")
        return attrs


class TraceSummarySerializer(serializers.Serializer[Any]):
    """A trace in a list."""

    trace_id = serializers.CharField()
    name = serializers.CharField(help_text="What it began with, as far as that is kept: method and route, or a task.")
    kind = serializers.ChoiceField(
        choices=["request", "task", "error"], help_text="`error`: nothing but errors is kept of it."
    )
    services = serializers.SerializerMethodField()
    start = serializers.DateTimeField()
    duration = serializers.FloatField(help_text="Seconds from the first to the last that is kept.")
    spans = serializers.IntegerField(help_text="Requests, operations and outgoing calls.")
    tasks = serializers.IntegerField(help_text="Executions of tasks.")
    error_count = serializers.IntegerField(source="errors")
    failed = serializers.BooleanField(help_text="A request or task failed, or an error happened.")

    def get_services(self, one: Any) -> list[str]:
        """Return the services by name."""
        return sorted(one.services)


class TracesSerializer(serializers.Serializer[Any]):
    """Traces, the newest first."""

    truncated = serializers.BooleanField(help_text="There are more; ask for those before with `to`.")
    results = TraceSummarySerializer(many=True)


class TraceSpanSerializer(serializers.Serializer[Any]):
    """A part of a trace: a request, an operation, an outgoing call, or an execution of a task."""

    id = serializers.CharField(help_text="Unique in the trace.")
    kind = serializers.ChoiceField(source="part.kind", choices=[kind.value for kind in PartKind])
    name = serializers.CharField(source="part.name")
    service = serializers.CharField(source="part.service")
    span_id = serializers.CharField(source="part.span_id", help_text="By W3C Trace Context; empty for what is older.")
    parent_span_id = serializers.CharField(source="part.parent_span_id", help_text="As it was told; empty for none.")
    parent = serializers.CharField(  # type: ignore[assignment]  # REST framework's fields have a parent, too
        allow_null=True, help_text="Id of the part that it came of."
    )
    parent_unknown = serializers.BooleanField(help_text="It came of something of which nothing is kept.")
    depth = serializers.IntegerField(help_text="How many are above it.")
    children = serializers.ListField(child=serializers.CharField())
    start = serializers.DateTimeField(help_text="After what it came of.")
    offset = serializers.SerializerMethodField()
    adjusted = serializers.FloatField(
        help_text="Seconds by which its start was put off to be no earlier than what it came of: clocks differ."
    )
    duration = serializers.FloatField(
        source="part.duration", allow_null=True, help_text="Seconds; `null` while it runs, or where nobody measured."
    )
    self_time = serializers.FloatField(
        allow_null=True, help_text="Seconds in which nothing of what came of it ran; `null` as with `duration`."
    )
    state = serializers.CharField(source="part.state", help_text="Of a task, as Celery has it.")
    status = serializers.IntegerField(source="part.status", help_text="Of a response; 0 without one.")
    failed = serializers.BooleanField(source="part.failed")
    request_id = serializers.CharField(source="part.request_id")
    task_id = serializers.CharField(source="part.task_id")
    about = serializers.DictField(source="part.about", help_text="What else is known of it.")

    def get_offset(self, node: Any) -> float:
        """Return the seconds from the trace's start to this one's."""
        return float((node.start - self.context["start"]).total_seconds())


class TraceEventSerializer(serializers.Serializer[Any]):
    """Something that happened at a moment of a trace."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in EventKind])
    at = serializers.DateTimeField()
    offset = serializers.SerializerMethodField()
    name = serializers.CharField(help_text="Type of an error, logger of a line, rule of an incident, …")
    text = serializers.CharField()
    service = serializers.CharField()
    id = serializers.CharField(help_text="Of the error, incident, sample or entry; empty for lines.")
    level = serializers.CharField(help_text="Of a line its level, of an error or incident its severity.")
    span = serializers.CharField(
        source="node", allow_null=True, help_text="Id of the part that it happened in, if that is kept."
    )
    about = serializers.DictField()

    def get_offset(self, event: Any) -> float:
        """Return the seconds from the trace's start; below zero for an incident that had begun before."""
        return float((event.at - self.context["start"]).total_seconds())


class TraceSerializer(serializers.Serializer[Any]):
    """A trace: its parts as trees, and what happened, by time."""

    trace_id = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    duration = serializers.FloatField(help_text="Seconds from the first to the last that is kept.")
    services = serializers.ListField(child=serializers.CharField())
    failed = serializers.BooleanField(help_text="A part of it failed, or an error happened in it.")
    running = serializers.BooleanField(help_text="Some of it still runs.")
    cut = serializers.ListField(
        child=serializers.CharField(), help_text="Of what more is kept than is shown, such as `spans` or `lines`."
    )
    spans = TraceSpanSerializer(many=True, source="nodes", help_text="Each after the one above it.")
    events = TraceEventSerializer(many=True)

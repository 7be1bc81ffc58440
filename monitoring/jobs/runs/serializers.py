"""How runs, running tasks and trees are shown."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from .models import TaskRun


class RunSerializer(serializers.ModelSerializer[TaskRun]):
    """A run of a task that ended. Durations are in seconds, `null` where nobody could measure them."""

    state = serializers.CharField(help_text="How it ended, such as `SUCCESS`, `FAILURE` or `LOST`.")
    reason = serializers.CharField(help_text="Why it is kept, or what ended it.")
    began = serializers.DateTimeField(allow_null=True)
    duration = serializers.FloatField(allow_null=True)
    wait = serializers.FloatField(allow_null=True, help_text="From when it was due until it began.")
    retries = serializers.IntegerField(help_text="The how-manieth new try it was; 0 is the first.")
    origin = serializers.CharField(help_text="What published it: a request's method and route, or the name of a task.")
    periodic = serializers.CharField(help_text="Entry of the schedule that it was published for.")
    arguments = serializers.CharField(help_text="Scrubbed and cut short; empty unless `RUN_ARGUMENTS` is on.")

    class Meta:
        model = TaskRun
        fields = [
            "id", "task_id", "name", "service", "state", "reason", "queue", "worker", "pid", "began", "ended",
            "duration", "wait", "retries", "exception", "message", "parent_id", "root_id", "group_id", "trace_id",
            "request_id", "user_id", "origin", "periodic", "arguments",
        ]  # fmt: skip
        read_only_fields = fields


class RunningSerializer(serializers.Serializer[Any]):
    """An execution that goes on."""

    task_id = serializers.CharField()
    name = serializers.CharField()
    queue = serializers.CharField(help_text="Empty where only the worker tells of it.")
    worker = serializers.CharField()
    began = serializers.DateTimeField(source="began_at", allow_null=True)
    age = serializers.FloatField(allow_null=True, help_text="Seconds.")
    worker_alive = serializers.BooleanField(allow_null=True, help_text="`null` when nothing is known of its worker.")
    told = serializers.BooleanField(help_text="Its worker says that it is busy with it.")
    late = serializers.BooleanField(
        allow_null=True, help_text="Its message is acknowledged at its end; `null` if unknown."
    )
    parent_id = serializers.CharField()
    root_id = serializers.CharField()
    trace_id = serializers.CharField()
    findings = serializers.ListField(
        child=serializers.CharField(), help_text="What is wrong with it: `task_stuck`, `task_held`."
    )


class NowSerializer(serializers.Serializer[Any]):
    """What runs now, the oldest first."""

    count = serializers.IntegerField(help_text="How many run in all.")
    truncated = serializers.BooleanField(help_text="More run than are shown.")
    stale = serializers.BooleanField(help_text="Redis is away: what workers say of themselves is not known.")
    tasks = RunningSerializer(many=True)


class TaskSerializer(serializers.Serializer[Any]):
    """All that is known of one task."""

    task_id = serializers.CharField()
    name = serializers.CharField()
    state = serializers.CharField(help_text="`STARTED` while it runs, else how its last kept run ended.")
    retries = serializers.IntegerField()
    runs = RunSerializer(many=True, help_text="Those that are kept, the newest first.")
    running = RunningSerializer(many=True)
    tree = serializers.URLField(help_text="What it belongs to, and what came of it.")


class ExecutionSerializer(serializers.Serializer[Any]):
    """One run within a tree."""

    state = serializers.CharField()
    reason = serializers.CharField()
    began = serializers.DateTimeField(allow_null=True)
    ended = serializers.DateTimeField(allow_null=True)
    duration = serializers.FloatField(allow_null=True)
    retries = serializers.IntegerField()
    queue = serializers.CharField()
    worker = serializers.CharField()
    exception = serializers.CharField()


class NodeSerializer(serializers.Serializer[Any]):
    """A request, or a task with all of its runs."""

    id = serializers.CharField(help_text="Id of the task; of a request, `request:` and its id.")
    kind = serializers.ChoiceField(choices=["request", "task"])
    name = serializers.CharField(help_text="Method and route of a request, or name of a task; empty where not known.")
    kept = serializers.BooleanField(help_text="False for a task of which no run was kept; others name it.")
    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    depth = serializers.IntegerField(help_text="How many are above it.")
    children = serializers.ListField(child=serializers.CharField())
    state = serializers.CharField(
        allow_null=True, help_text="`STARTED`, or how the last run ended; `null` where unknown."
    )
    retries = serializers.IntegerField()
    group_id = serializers.CharField(help_text="Tasks of one group have the same.")
    body = serializers.BooleanField(help_text="It is the body of the chord whose header has the same group.")
    runs = ExecutionSerializer(many=True, source="executions", help_text="The oldest first.")


class TreeSerializer(serializers.Serializer[Any]):
    """A tree, as a list in which each node comes after the one above it."""

    truncated = serializers.BooleanField(help_text="It has more nodes than are shown.")
    nodes = NodeSerializer(many=True)

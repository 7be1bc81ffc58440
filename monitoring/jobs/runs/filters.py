"""By what a list of task runs can be narrowed down, and over which time it goes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers

from monitoring.access.fields import ChoicesField, MomentField, SecondsField
from monitoring.conf import get_config

from .models import STATES, TaskRun

DEFAULT_WINDOW = timedelta(hours=24)
_INDEXED = ("task_id", "trace_id", "root_id")
_CHOOSING = (*_INDEXED, "name", "queue", "periodic")
_EXACT = (*_INDEXED, "name", "queue", "worker", "reason", "exception", "periodic")


class Exact(serializers.CharField):
    """Text that is looked for as it is."""

    def __init__(self, max_length: int = 200, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "max_length": max_length, "trim_whitespace": False, **kwargs})


class InternalField(serializers.ChoiceField):
    """Whether Enginel's own tasks are wanted."""

    def __init__(self, **kwargs: Any) -> None:
        text = "Whether to show what went well of Enginel's own tasks. They are left out unless they are asked for."
        super().__init__(**{"choices": ["true", "false"], "required": False, "help_text": text, **kwargs})


def hides_internal(asked: Mapping[str, Any]) -> bool:
    """Whether Enginel's own tasks are to be left out: nobody asks for them, and for nothing that may be theirs.

    Args:
        asked: Validated parameters of a list of tasks.
    """
    if "internal" in asked:
        return bool(asked["internal"] == "false")
    return not any(title in asked for title in _CHOOSING)


class RunFilterSerializer(serializers.Serializer[Any]):
    """Which runs."""

    state = ChoicesField(STATES, required=False, help_text=f"One or several of {', '.join(STATES)}, by commas.")
    name = Exact(help_text="Name of the task.")
    queue = Exact()
    worker = Exact(help_text="Whole name of its node, such as `celery@host`.")
    reason = Exact(20, help_text="Why it is kept: `sample`, `slow`, `failure`, `retry`, `killed`, `lost`, …")
    exception = Exact(help_text="Class of the exception.")
    periodic = Exact(help_text="Entry of the schedule that it was published for.")
    task_id = Exact()
    root_id = Exact(help_text="Id of the task that it came of.")
    trace_id = Exact(32)
    internal = InternalField()
    min_duration = SecondsField(required=False, help_text="Those that took so many seconds or longer.")
    since = MomentField(
        required=False,
        help_text="Those that ended then or later: ISO 8601, or seconds since the epoch. 24 hours ago unless given; "
        "with `task_id`, `root_id` or `trace_id`, everything that is kept.",
    )
    until = MomentField(required=False, help_text="Those that ended before.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a window that ends before it begins."""
        if "since" in attrs and "until" in attrs and attrs["until"] <= attrs["since"]:
            raise serializers.ValidationError({"until": ["Must be after `since`."]})
        return attrs


def narrowed(asked: Mapping[str, Any], now: datetime | None = None) -> QuerySet[TaskRun]:
    """Return the runs that were asked for.

    Args:
        asked: Validated values of `RunFilterSerializer`.
        now: The current time, for tests.
    """
    rows = TaskRun.objects.filter(**{title: asked[title] for title in _EXACT if title in asked})
    if "state" in asked:
        rows = rows.filter(state__in=asked["state"])
    if hides_internal(asked):
        own = Q()
        for beginning in get_config().internal_tasks:
            own |= Q(name__startswith=beginning)
        rows = rows.exclude(own, state="SUCCESS") if own else rows
    if "min_duration" in asked:
        rows = rows.filter(duration__gte=asked["min_duration"])
    until = asked.get("until")
    since = asked.get("since")
    if since is None and not any(title in asked for title in _INDEXED):
        since = (until or now or datetime.now(UTC)) - DEFAULT_WINDOW
    # The minute, too: PostgreSQL leaves out partitions by it.
    if since is not None:
        rows = rows.filter(ended__gte=since, start__gte=_minute(since))
    if until is not None:
        rows = rows.filter(ended__lt=until, start__lte=_minute(until))
    return rows


def _minute(moment: datetime) -> int:
    return int(moment.timestamp() // 60)

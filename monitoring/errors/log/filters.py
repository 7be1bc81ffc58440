"""By what the list of errors can be narrowed down, and over which time it goes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q
from rest_framework import serializers

from monitoring.access.fields import ChoicesField, MomentField, WholeNumberField
from monitoring.classification import ErrorSeverity, severity_of
from monitoring.errors.groups.models import ErrorGroup

from .recent import LIVE, listed

DEFAULT_WINDOW = timedelta(hours=24)
_INDEXED = ("trace", "task", "group")
_COLUMNS = {
    "service": "service",
    "name": "name",
    "route": "url_pattern",
    "status": "status_code",
    "user": "user_key",
    "trace": "trace_id",
    "task": "task_id",
}
_SEVERITIES = [name for severity in ErrorSeverity for name in (severity.value, severity.level)]
_LARGEST = 2**63 - 1


class Exact(serializers.CharField):
    """Text that is looked for as it is."""

    def __init__(self, max_length: int = 200, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "max_length": max_length, "trim_whitespace": False, **kwargs})


class ErrorFilterSerializer(serializers.Serializer[Any]):
    """Which errors."""

    service = Exact()
    severity = ChoicesField(
        _SEVERITIES,
        required=False,
        help_text="One or several by commas: `critical` or `CRITICAL`, `high` or `ERROR`, …",
    )
    type = Exact(help_text="Name of the exception's class, short or whole; `csrf` or `404` of a response without one.")
    name = Exact(help_text="What failed: method and route, a task, or a logger.")
    route = Exact(500)
    status = WholeNumberField(required=False, min_value=0, max_value=999, help_text="Of the response; 0 without one.")
    user = Exact(64)
    trace = Exact(32)
    task = Exact(help_text="Id of the task.")
    group = WholeNumberField(
        required=False, min_value=0, max_value=_LARGEST, help_text="With those that are merged into it."
    )
    kept = serializers.ChoiceField(
        choices=["true", "false"], required=False, help_text="Whether it is kept in full, or only that it was."
    )
    since = MomentField(
        required=False,
        help_text="Those of then or later: ISO 8601, or seconds since the epoch. Unless given: without other filters "
        "an hour ago; with `trace`, `task` or `group` everything that is stored; otherwise 24 hours ago.",
    )
    until = MomentField(required=False, help_text="Those before.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a window that ends before it begins."""
        if "since" in attrs and "until" in attrs and attrs["until"] <= attrs["since"]:
            raise serializers.ValidationError({"until": ["Must be after `since`."]})
        return attrs


def narrowed(asked: Mapping[str, Any], now: datetime | None = None) -> Any:
    """Return the errors that were asked for.

    Args:
        asked: Validated values of `ErrorFilterSerializer`.
        now: The current time, for tests.
    """
    rows = listed().filter(**{column: asked[name] for name, column in _COLUMNS.items() if name in asked})
    # Their indexes hold only rows that have one; SQLite must be told that these do.
    for name in ("trace", "task"):
        if name in asked:
            rows = rows.filter(~Q(**{_COLUMNS[name]: ""}))
    if "severity" in asked:
        rows = rows.filter(severity__in={severity_of(name) for name in asked["severity"]})
    if "type" in asked:
        rows = rows.filter(Q(error_type=asked["type"]) | Q(exception_type=asked["type"]))
    if "group" in asked:
        members = ErrorGroup.objects.filter(merged_into=asked["group"]).values_list("pk", flat=True)
        rows = rows.filter(group__in=[asked["group"], *members])
    if "kept" in asked:
        rows = rows.filter(~Q(kept="")) if asked["kept"] == "true" else rows.filter(kept="")
    since, until = _window(asked, now or datetime.now(UTC))
    if since is not None:
        rows = rows.filter(created__gte=since)
    return rows if until is None else rows.filter(created__lt=until)


def _window(asked: Mapping[str, Any], now: datetime) -> tuple[datetime | None, datetime | None]:
    until = asked.get("until")
    if "since" in asked:
        return asked["since"], until
    if any(name in asked for name in _INDEXED):
        return None, until
    return (until or now) - (DEFAULT_WINDOW if asked else LIVE), until

"""Which entries are meant: by stream, action, who, what, whence, when, and by the ids of what ran."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from rest_framework import serializers

from monitoring.access.fields import ChoicesField, MomentField
from monitoring.journal.record import OUTCOMES, STREAMS
from monitoring.recording.scrub import person

DEFAULT_WINDOW = timedelta(hours=24)
_COLUMNS = {
    "user_id": "user_id",
    "token": "token",
    "client": "client",
    "service": "service",
    "trace_id": "trace_id",
    "request_id": "request_id",
    "task_id": "task_id",
}
_TEXTS = ("action", "actor", "target_id", "said")


class Exact(serializers.CharField):
    """Text that is looked for as it is."""

    def __init__(self, max_length: int = 200, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "max_length": max_length, "trim_whitespace": False, **kwargs})


class JournalFilterSerializer(serializers.Serializer[Any]):
    """Which entries."""

    stream = ChoicesField(STREAMS, required=False, help_text="One or several, by commas.")
    action = Exact(100, help_text="`block.lift`; or `block` for all that was done to blocks.")
    outcome = ChoicesField(OUTCOMES, required=False, help_text="One or several, by commas.")
    actor = Exact(help_text="Name of who did it.")
    user_id = Exact(64, help_text="Primary key of that user.")
    token = Exact(16, help_text="First characters of the digest of the token they came with.")
    target = Exact(400, help_text="`block`, or `block:12` for that one alone.")
    client = Exact(64, help_text="Address of who did it.")
    service = Exact()
    trace_id = Exact(32)
    request_id = Exact(64, help_text="Id of the request.")
    task_id = Exact(150, help_text="Id of the task.")
    text = serializers.CharField(
        required=False, max_length=200, help_text="Anywhere in action, actor, target or details; case does not matter."
    )
    since = MomentField(
        required=False,
        help_text="Those of then or later: ISO 8601, or seconds since the epoch. Unless given: with `trace_id` "
        "everything that is stored; otherwise 24 hours ago.",
    )
    until = MomentField(required=False, help_text="Those before.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a window that ends before it begins."""
        if "since" in attrs and "until" in attrs and attrs["until"] <= attrs["since"]:
            raise serializers.ValidationError({"until": ["Must be after `since`."]})
        return attrs


def narrowed(rows: QuerySet[Any], asked: Mapping[str, Any], now: datetime | None = None) -> QuerySet[Any]:
    """Return the rows that were asked for.

    Args:
        rows: Sealed entries, or pending ones.
        asked: Validated values of `JournalFilterSerializer`.
        now: The current time, unless it is.
    """
    rows = rows.filter(_meant(asked, now or datetime.now(UTC)))
    if "text" not in asked:
        return rows
    anywhere = Q()
    for name in _TEXTS:
        anywhere |= Q(**{f"{name}__icontains": asked["text"]})
    found: QuerySet[Any] = rows.annotate(said=Cast("details", TextField())).filter(anywhere)
    return found


def _meant(asked: Mapping[str, Any], now: datetime) -> Q:
    found = Q(**{column: asked[name] for name, column in _COLUMNS.items() if name in asked})
    if "actor" in asked:  # as it stays here, and as it is in what left another process
        found &= Q(actor__in=sorted({asked["actor"], person(asked["actor"], 200)}))
    for name in ("stream", "outcome"):
        if name in asked:
            found &= Q(**{f"{name}__in": asked[name]})
    if "action" in asked:
        action = asked["action"]
        found &= Q(action=action) if "." in action else Q(action=action) | Q(action__startswith=f"{action}.")
    if "target" in asked:
        kind, several, key = asked["target"].partition(":")
        found &= Q(target_type=kind, target_id=key) if several else Q(target_type=kind)
    since = asked.get("since") or (None if "trace_id" in asked else now - DEFAULT_WINDOW)
    if since is not None:
        found &= Q(at__gte=since)
    if "until" in asked:
        found &= Q(at__lt=asked["until"])
    return found

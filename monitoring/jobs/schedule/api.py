"""The schedule over HTTP: its entries with what became of their runs, and the beats."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import redis
from django.db.models import QuerySet
from rest_framework import generics, serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import ChoicesField
from monitoring.access.openapi import describe
from monitoring.access.paging import CursorPages
from monitoring.access.problems import problem, refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView
from monitoring.conf import get_config
from monitoring.jobs import sight

from . import beats
from .models import EntryState, ScheduledRun, ScheduleEntry, ScheduleWatch
from .reader import Shown, shown

RUN_STATES = ("PUBLISHED", "STARTED", "SUCCESS", "FAILURE", "RETRY", "REVOKED", "IGNORED", "REJECTED", "LOST")
_MAX_NAME = 200


class Moment(serializers.DateTimeField):
    """A time that is stored as milliseconds since the epoch."""

    def to_representation(self, value: Any) -> Any:
        """Return it as ISO 8601 in UTC."""
        return super().to_representation(datetime.fromtimestamp(value / 1000, UTC))


class ScheduledRunSerializer(serializers.ModelSerializer[ScheduledRun]):
    """One run of an entry."""

    state = serializers.ChoiceField(
        choices=RUN_STATES, help_text="`PUBLISHED` until a worker begins with it; `LOST` when it died with its worker."
    )
    slot = Moment(
        allow_null=True, help_text="When it was due; null for a run beside the slots, and one just published."
    )
    published = Moment()
    started = Moment(allow_null=True)
    ended = Moment(allow_null=True)
    beat = serializers.CharField(source="origin", help_text="Which beat published it; empty when a person did.")

    class Meta:
        model = ScheduledRun
        fields = ["task_id", "state", "slot", "published", "started", "ended", "queue", "worker", "beat"]
        read_only_fields = fields


class OpenFindingSerializer(serializers.Serializer[Any]):
    """Something that is wrong with an entry now."""

    kind = serializers.CharField()
    opened = serializers.DateTimeField()
    detail = serializers.DictField(help_text="Evidence: how many slots from which to which, or which run.")


class PastRunSerializer(serializers.Serializer[Any]):
    """A run, in short."""

    published = Moment()
    state = serializers.CharField(help_text="As that of the last run.")


class EntrySerializer(serializers.Serializer[Shown]):
    """One entry of the schedule."""

    id = serializers.IntegerField(source="entry.entry_id", help_text="Of the periodic task in django-celery-beat.")
    name = serializers.CharField(source="entry.name")
    task = serializers.CharField(source="entry.task")
    schedule = serializers.CharField(source="entry.words", help_text="In words.")
    enabled = serializers.BooleanField(source="entry.enabled")
    watched = serializers.BooleanField(help_text="False: only its failed runs are told.")
    state = serializers.ChoiceField(choices=EntryState.choices, source="entry.state")
    problem = serializers.CharField(
        source="entry.problem", help_text="Why beat cannot run it: what is wrong with its schedule."
    )
    next = serializers.DateTimeField(allow_null=True, help_text="The next slot; in the past while it is waited for.")
    last_slot = serializers.DateTimeField(source="entry.last_slot", allow_null=True)
    last_run = ScheduledRunSerializer(allow_null=True)
    kept = serializers.IntegerField(source="entry.kept", help_text="Slots for which a run was published in time.")
    late = serializers.IntegerField(source="entry.late")
    missed = serializers.IntegerField(source="entry.missed")
    doubled = serializers.IntegerField(source="entry.doubled", help_text="Slots that two beats published a run for.")
    failed = serializers.IntegerField(source="entry.failed", help_text="Runs that failed or were lost.")
    overlapped = serializers.IntegerField(
        source="entry.overlapped", help_text="Runs that began while another one still ran."
    )
    runs = PastRunSerializer(many=True, help_text="The latest, the newest first.")
    findings = OpenFindingSerializer(many=True, help_text="What is wrong now.")


class EntryFilterSerializer(serializers.Serializer[Any]):
    """Which entries."""

    state = ChoicesField(
        EntryState.values, required=False, help_text=f"One or several of {', '.join(EntryState.values)}, by commas."
    )
    name = serializers.CharField(required=False, max_length=_MAX_NAME, trim_whitespace=False)


class EntryPages(CursorPages):
    """Pages of entries, by name."""

    ordering = ("name",)


class ScheduleView(ApiView, generics.ListAPIView[ScheduleEntry]):
    """The entries of the schedule."""

    serializer_class = EntrySerializer  # type: ignore[assignment]
    pagination_class = EntryPages
    filter_backends = []

    def get_queryset(self) -> QuerySet[ScheduleEntry]:
        """Narrow down by the query parameters."""
        wanted, rows = read(self.request, EntryFilterSerializer, EntryPages), ScheduleEntry.objects.all()
        if "state" in wanted:
            rows = rows.filter(state__in=wanted["state"])
        return rows.filter(name=wanted["name"]) if "name" in wanted else rows

    def paginate_queryset(self, queryset: Any) -> Any:
        """Return a page of entries with their runs and findings, by three queries."""
        page = super().paginate_queryset(queryset)
        return shown(page or [])

    @describe(
        operation_id="schedule",
        parameters=[EntryFilterSerializer],
        responses={200: EntrySerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the entries of django-celery-beat, by name: when each is due, and what became of its runs."""
        return super().get(request, *args, **kwargs)


class RunPages(CursorPages):
    """Pages of runs, the newest first."""

    ordering = ("-published", "-task_id")


class ScheduledRunFilterSerializer(serializers.Serializer[Any]):
    """Which runs."""

    state = ChoicesField(RUN_STATES, required=False, help_text="One or several, by commas.")


class ScheduledRunsView(ApiView, generics.ListAPIView[ScheduledRun]):
    """The latest runs of one entry."""

    serializer_class = ScheduledRunSerializer
    pagination_class = RunPages
    filter_backends = []

    def get_queryset(self) -> QuerySet[ScheduledRun]:
        """Find the entry by its name or id, and narrow down by the query parameters.

        Raises:
            NotFound: There is no such entry.
        """
        wanted = read(self.request, ScheduledRunFilterSerializer, RunPages)
        rows = ScheduledRun.objects.filter(entry=_name(str(self.kwargs["entry"])))
        return rows.filter(state__in=wanted["state"]) if "state" in wanted else rows

    @describe(
        operation_id="schedule_runs",
        parameters=[ScheduledRunFilterSerializer],
        responses={200: ScheduledRunSerializer(many=True), **refusals(400, 404)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the latest runs of an entry, which is named by its name or its id, the newest first."""
        return super().get(request, *args, **kwargs)


def _name(given: str) -> str:
    entries = ScheduleEntry.objects.values_list("name", flat=True)
    found = None if "\0" in given else entries.filter(name=given).first()
    if found is None and given.isascii() and given.isdigit() and len(given) < 19:
        found = entries.filter(entry_id=int(given)).first()
    if found is None:
        raise NotFound("There is no entry of this name or id, or nobody has looked at it yet.")
    return found


class BeatSerializer(serializers.Serializer[Any]):
    """A beat by its last heartbeat."""

    node = serializers.CharField()
    alive = serializers.BooleanField()
    working = serializers.BooleanField(help_text="It lives, and its loop ticks.")
    seen = serializers.FloatField(help_text="Seconds since its last heartbeat.")
    uptime = serializers.FloatField(help_text="Seconds from its start to its last heartbeat.")
    last_tick = serializers.FloatField(allow_null=True, help_text="Seconds since its loop ticked.")
    entries = serializers.IntegerField(help_text="Entries in its memory.")
    scheduler = serializers.CharField()


class BeatsSerializer(serializers.Serializer[Any]):
    """The beats of the last day."""

    watched = serializers.DateTimeField(allow_null=True, help_text="When the schedule was last looked at.")
    missed = serializers.IntegerField(help_text="Slots missed since ever, of entries that are gone as well.")
    beats = BeatSerializer(many=True, help_text="The latest heartbeat first.")


class BeatsView(ApiView):
    """Who publishes the schedule."""

    @describe(operation_id="schedule_beats", responses={200: BeatsSerializer, **refusals(503)})
    def get(self, _request: Request) -> Response:
        """List the beats that lived within a day, and when the schedule was last looked at."""
        config = get_config()
        try:
            seen = sight.look(config)
        except redis.RedisError:
            return problem(status.HTTP_503_SERVICE_UNAVAILABLE, "Redis does not answer.")
        said = {one.node: one.state for one in seen.heartbeats if one.kind == "beat"}
        found = sorted(beats.of(seen.heartbeats, config.beat_dead_seconds), key=lambda beat: beat.seen)
        watch = ScheduleWatch.objects.first()
        answer = {
            "watched": watch.watched if watch is not None else None,
            "missed": watch.missed if watch is not None else 0,
            "beats": [
                {
                    "node": beat.node,
                    "alive": beat.alive,
                    "working": beat.works,
                    "seen": round(beat.seen, 3),
                    "uptime": round(beat.born - beat.seen, 3),
                    "last_tick": None if beat.ticked is None else round(beat.ticked, 3),
                    "entries": said[beat.node].get("entries", 0),
                    "scheduler": said[beat.node].get("scheduler", ""),
                }
                for beat in found
            ],
        }
        return Response(BeatsSerializer(answer).data)

"""What keeps incidents from being told, over HTTP: silences, maintenance windows, inhibitions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, router, transaction
from django.db.models import Q, QuerySet
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import MomentField, SecondsField
from monitoring.access.openapi import describe
from monitoring.access.paging import CursorPages
from monitoring.access.problems import problem, refusals
from monitoring.access.query import read
from monitoring.access.strict import StrictSerializer
from monitoring.access.views import ApiView
from monitoring.alerts.silences import actions, windows
from monitoring.alerts.silences.matchers import MAX_VALUE, OPERATORS, MatcherError, parse
from monitoring.alerts.silences.models import Inhibition, MaintenanceWindow, Silence
from monitoring.storage import trail

from .incidents import who

_MAX_ID = 2**63 - 1
_MAX_COMMENT = 10_000
_MAX_EQUAL, _MAX_LABEL = 20, 200


class MatcherSerializer(StrictSerializer):
    """One condition on a label of an incident; `rule`, `severity` and `service` are labels too."""

    name = serializers.CharField(max_length=200)
    op = serializers.ChoiceField(choices=OPERATORS, required=False, default="=")
    value = serializers.CharField(max_length=MAX_VALUE, allow_blank=True, trim_whitespace=False)


class MatchersField(serializers.ListField):
    """Matchers that mean something."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=MatcherSerializer(), max_length=20, **kwargs)

    def to_internal_value(self, data: Any) -> list[dict[str, str]]:
        """Return the matchers as they are stored.

        Raises:
            ValidationError: One of them means nothing.
        """
        rows = [dict(row) for row in super().to_internal_value(data)]
        try:
            if rows:
                parse(rows)
        except MatcherError as error:
            raise serializers.ValidationError(str(error)) from error
        return rows

    def to_representation(self, data: Any) -> Any:
        """Return what is stored."""
        return data


class SilenceSerializer(serializers.ModelSerializer[Silence]):
    """Incidents that nobody is told of between two points in time."""

    matchers = MatchersField()

    class Meta:
        model = Silence
        fields = ["id", "matchers", "starts", "ends", "comment", "who", "created", "ended_by"]
        read_only_fields = fields


class NewSilenceSerializer(StrictSerializer):
    """A silence that is wanted: until `ends`, or for so many `seconds`."""

    matchers = MatchersField(allow_empty=False)
    starts = MomentField(required=False, help_text="Now unless given.")
    ends = MomentField(required=False)
    seconds = SecondsField(required=False, min_value=1, max_value=actions.MAX_SECONDS)
    comment = serializers.CharField(max_length=_MAX_COMMENT, required=False, default="", allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Want exactly one way to say when it ends."""
        if ("ends" in attrs) == ("seconds" in attrs):
            raise serializers.ValidationError({"ends": ["Give either `ends` or `seconds`."]})
        return attrs


class SilenceFilterSerializer(serializers.Serializer[Any]):
    """Which silences."""

    active = serializers.ChoiceField(
        choices=["true", "false"],
        required=False,
        help_text="Whether they last now; else whether they are over or ahead.",
    )


class SilencePages(CursorPages):
    """Pages of silences, those that end last first."""

    ordering = ("-ends", "-pk")


class SilencesView(ApiView, generics.ListAPIView[Silence]):
    """Silences."""

    serializer_class = SilenceSerializer
    pagination_class = SilencePages
    filter_backends = []

    def get_queryset(self) -> QuerySet[Silence]:
        """Narrow down by the query parameters."""
        active = read(self.request, SilenceFilterSerializer, SilencePages).get("active")
        now = datetime.now(UTC)
        lasts = Q(starts__lte=now, ends__gt=now)
        return Silence.objects.filter(Q() if active is None else lasts if active == "true" else ~lasts)

    @describe(
        operation_id="silences",
        parameters=[SilenceFilterSerializer],
        responses={200: SilenceSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List silences, those that end last first."""
        return super().get(request, *args, **kwargs)

    @describe(
        operation_id="create_silence",
        request=NewSilenceSerializer,
        responses={201: SilenceSerializer, **refusals(400)},
    )
    def post(self, request: Request) -> Response:
        """Silence the incidents that meet all of some matchers, from the next evaluation on."""
        given = NewSilenceSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        starts = values.get("starts") or datetime.now(UTC)
        ends = values["ends"] if "ends" in values else starts + timedelta(seconds=values["seconds"])
        try:
            made = actions.create(values["matchers"], starts, ends, values["comment"], who(request))
        except MatcherError as error:
            raise serializers.ValidationError({"ends": [str(error)]}) from error
        return Response(SilenceSerializer(made).data, status=201)


class SilenceView(ApiView):
    """One silence."""

    @describe(operation_id="silence", responses={200: SilenceSerializer, **refusals(404)})
    def get(self, _request: Request, pk: int) -> Response:
        """Return a silence."""
        return Response(SilenceSerializer(_row(Silence, pk)).data)

    @describe(operation_id="end_silence", request=None, responses={200: SilenceSerializer, **refusals(404)})
    def delete(self, request: Request, pk: int) -> Response:
        """End a silence now; it stays in the list. One that is over stays as it is."""
        _row(Silence, pk)
        actions.end(pk, who(request))
        return Response(SilenceSerializer(_row(Silence, pk)).data)


class WindowSerializer(StrictSerializer):
    """Times of planned work during which nobody is told of incidents."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=200)
    matchers = MatchersField(required=False, default=list, help_text="Which incidents; all unless given.")
    starts = MomentField(help_text="When it opens; with `cron`, before when it never does.")
    minutes = serializers.IntegerField(min_value=1, max_value=windows.MAX_MINUTES)
    cron = serializers.CharField(
        max_length=100, required=False, default="", allow_blank=True, help_text="When it opens again: five fields."
    )
    time_zone = serializers.CharField(max_length=60, required=False, default="UTC", help_text="Such as Europe/Berlin.")
    ends = MomentField(required=False, allow_null=True, default=None, help_text="When it opens no more.")
    enabled = serializers.BooleanField(required=False, default=True)
    comment = serializers.CharField(max_length=_MAX_COMMENT, required=False, default="", allow_blank=True)
    who = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a window that could never be open."""
        known = {**_values(self.instance), **attrs}
        try:
            windows.check(known.get("cron", ""), known.get("time_zone", "UTC"), known.get("minutes", 1))
        except windows.WindowError as error:
            raise serializers.ValidationError({"cron": [str(error)]}) from error
        return attrs


class InhibitionSerializer(StrictSerializer):
    """Incidents that nobody is told of while another one fires that they follow from."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=200)
    source_matchers = MatchersField(allow_empty=False, help_text="The cause.")
    target_matchers = MatchersField(allow_empty=False, help_text="What follows from it.")
    equal = serializers.ListField(
        child=serializers.CharField(max_length=_MAX_LABEL), max_length=_MAX_EQUAL, required=False, default=list
    )
    enabled = serializers.BooleanField(required=False, default=True)
    comment = serializers.CharField(max_length=_MAX_COMMENT, required=False, default="", allow_blank=True)


class _NamedRowsView(ApiView):
    """Few rows, known by their names, that people make and change."""

    model: Any
    serializer_class: type[StrictSerializer]

    def listed(self) -> Response:
        """Return all of them."""
        return Response(self.serializer_class(self.model.objects.order_by("name"), many=True).data)

    def made(self, request: Request, **more: Any) -> Response:
        """Make one."""
        given = self.serializer_class(data=request.data)
        given.is_valid(raise_exception=True)
        row = self.model(**given.validated_data, **more)
        if (refused := _saved(row, "create", request, given.validated_data)) is not None:
            return refused
        return Response(self.serializer_class(row).data, status=201)

    def changed(self, request: Request, pk: int, **more: Any) -> Response:
        """Change one."""
        row = _row(self.model, pk)
        given = self.serializer_class(row, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        for name, value in {**given.validated_data, **more}.items():
            setattr(row, name, value)
        return _saved(row, "change", request, given.validated_data) or Response(self.serializer_class(row).data)

    def gone(self, request: Request, pk: int) -> Response:
        """Delete one."""
        row, alias = _row(self.model, pk), router.db_for_write(self.model)
        with transaction.atomic(using=alias):
            trail.tell(_deed(row, "delete", request, {}), alias)
            row.delete()
        return Response(status=204)


class WindowsView(_NamedRowsView):
    """Maintenance windows."""

    model = MaintenanceWindow
    serializer_class = WindowSerializer

    @describe(operation_id="maintenance_windows", responses={200: WindowSerializer(many=True), **refusals()})
    def get(self, _request: Request) -> Response:
        """List maintenance windows by name."""
        return self.listed()

    @describe(
        operation_id="create_maintenance_window",
        request=WindowSerializer,
        responses={201: WindowSerializer, **refusals(400, 409)},
    )
    def post(self, request: Request) -> Response:
        """Make a maintenance window, once or by a crontab."""
        return self.made(request, who=who(request))


class WindowView(_NamedRowsView):
    """One maintenance window."""

    model = MaintenanceWindow
    serializer_class = WindowSerializer

    @describe(
        operation_id="change_maintenance_window",
        request=WindowSerializer(partial=True),
        responses={200: WindowSerializer, **refusals(400, 404, 409)},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change a maintenance window."""
        return self.changed(request, pk, who=who(request))

    @describe(operation_id="delete_maintenance_window", responses={204: None, **refusals(404)})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete a maintenance window."""
        return self.gone(request, pk)


class InhibitionsView(_NamedRowsView):
    """Inhibitions."""

    model = Inhibition
    serializer_class = InhibitionSerializer

    @describe(operation_id="inhibitions", responses={200: InhibitionSerializer(many=True), **refusals()})
    def get(self, _request: Request) -> Response:
        """List by name which incidents keep which others from being told; those that ship are not rows."""
        return self.listed()

    @describe(
        operation_id="create_inhibition",
        request=InhibitionSerializer,
        responses={201: InhibitionSerializer, **refusals(400, 409)},
    )
    def post(self, request: Request) -> Response:
        """Say which incidents follow from which others."""
        return self.made(request)


class InhibitionView(_NamedRowsView):
    """One inhibition."""

    model = Inhibition
    serializer_class = InhibitionSerializer

    @describe(
        operation_id="change_inhibition",
        request=InhibitionSerializer(partial=True),
        responses={200: InhibitionSerializer, **refusals(400, 404, 409)},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change an inhibition."""
        return self.changed(request, pk)

    @describe(operation_id="delete_inhibition", responses={204: None, **refusals(404)})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete an inhibition."""
        return self.gone(request, pk)


def _row(model: Any, pk: int) -> Any:
    """Return a row.

    Raises:
        NotFound: There is none.
    """
    found = model.objects.using(router.db_for_write(model)).filter(pk=pk).first() if pk <= _MAX_ID else None
    if found is None:
        raise NotFound(f"There is no such {model._meta.verbose_name}.")
    return found


def _saved(row: Any, verb: str, request: Request, given: Mapping[str, Any]) -> Response | None:
    """Store a row; return the refusal where another one has its name."""
    alias = router.db_for_write(type(row))
    try:
        with transaction.atomic(using=alias):
            row.save()
            trail.tell(_deed(row, verb, request, given), alias)
    except IntegrityError:
        return problem(409, "There is another one of this name.", {"name": ["It is taken."]})
    return None


def _deed(row: Any, verb: str, request: Request, given: Mapping[str, Any]) -> trail.Deed:
    kind = {MaintenanceWindow: "maintenance_window", Inhibition: "inhibition"}[type(row)]
    return trail.Deed(f"{kind}.{verb}", kind, str(row.pk), actor=who(request), details={"name": row.name, **given})


def _values(row: Any) -> Mapping[str, Any]:
    return {} if row is None else {name: getattr(row, name) for name in ("cron", "time_zone", "minutes")}

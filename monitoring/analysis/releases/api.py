"""Releases over HTTP: which there were, and marking one."""

from __future__ import annotations

from typing import Any

from django.db import router
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import MomentField, WholeNumberField
from monitoring.access.openapi import describe
from monitoring.access.paging import DEFAULT_LIMIT, MAX_LIMIT
from monitoring.access.problems import problem, refusals
from monitoring.access.query import read
from monitoring.access.strict import StrictSerializer
from monitoring.access.views import ApiView
from monitoring.conf import get_config

from . import timeline
from .marking import Deployment, MarkError, mark
from .models import MAX_WHO, ReleaseMark


class ReleaseSerializer(serializers.Serializer[Any]):
    """A release that was in force from some time on."""

    service = serializers.CharField()
    environment = serializers.CharField(help_text="Empty where nobody said.")
    release = serializers.CharField()
    at = serializers.DateTimeField(help_text="Since when.")
    source = serializers.CharField(  # type: ignore[assignment]  # REST framework's fields have a source, too
        help_text="`mark`: somebody said so; `errors`: known by the first error that told its release.",
    )
    url = serializers.CharField()


class ReleasesSerializer(serializers.Serializer[Any]):
    """Releases, the newest first."""

    count = serializers.IntegerField()
    releases = ReleaseSerializer(many=True)


class ReleasesFilterSerializer(serializers.Serializer[Any]):
    """Which releases."""

    service = serializers.CharField(required=False, max_length=200, trim_whitespace=False)
    environment = serializers.CharField(required=False, max_length=50, trim_whitespace=False)
    since = MomentField(required=False, help_text="From then on, as ISO 8601 or seconds since the epoch.")
    until = MomentField(required=False, help_text="Up to then.")
    limit = WholeNumberField(default=DEFAULT_LIMIT, min_value=1, max_value=MAX_LIMIT, help_text="How many at most.")


class NewReleaseSerializer(StrictSerializer):
    """A release that was deployed."""

    release = serializers.CharField(max_length=200, help_text="Its version, as `RELEASE` names it.")
    service = serializers.CharField(max_length=200, required=False, help_text="`SERVICE` unless given.")
    environment = serializers.CharField(max_length=50, required=False, help_text="`ENVIRONMENT` unless given.")
    at = MomentField(required=False, help_text="When, as ISO 8601 or seconds since the epoch; now unless given.")
    url = serializers.URLField(max_length=500, required=False, help_text="Where more is said of it: http or https.")

    def validate_url(self, value: str) -> str:
        """Refuse what a browser would not simply open."""
        if not value.lower().startswith(("http://", "https://")):
            raise serializers.ValidationError("Must begin with http:// or https://.")
        return value

    def deployment(self) -> Deployment:
        """Return what was said, completed by this installation's settings."""
        values, config = self.validated_data, get_config()
        return Deployment(
            values.get("service", config.service),
            values.get("environment", config.environment),
            values["release"],
            values.get("at"),
            values.get("url", ""),
        )


class ReleasesView(ApiView):
    """Releases."""

    @describe(
        operation_id="releases",
        parameters=[ReleasesFilterSerializer],
        responses={200: ReleasesSerializer, **refusals(400)},
    )
    def get(self, request: Request) -> Response:
        """List releases, the newest first: those that were marked, and those that errors told of."""
        found = timeline.read(router.db_for_read(ReleaseMark), **read(request, ReleasesFilterSerializer))
        return Response(ReleasesSerializer({"count": len(found), "releases": found}).data)

    @describe(
        operation_id="mark_release",
        request=NewReleaseSerializer,
        responses={200: ReleaseSerializer, 201: ReleaseSerializer, **refusals(400)},
    )
    def post(self, request: Request) -> Response:
        """Mark that a release was deployed: 201, or 200 where it was in force at that time already."""
        given = NewReleaseSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            row, new = mark(given.deployment(), str(request.user.get_username())[:MAX_WHO])
        except MarkError as error:
            return problem(400, "A parameter is not valid.", {"at": [str(error)]})
        known = timeline.Known(row.service, row.environment, row.release, row.at, timeline.MARKED, row.url)
        return Response(ReleaseSerializer(known).data, status=201 if new else 200)

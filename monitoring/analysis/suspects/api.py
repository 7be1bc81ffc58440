"""Suspects over HTTP: of a group of errors, and of what was slow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import MomentField, WholeNumberField
from monitoring.access.openapi import describe
from monitoring.access.problems import refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView
from monitoring.analysis.releases.api import ReleaseSerializer
from monitoring.performance.api import SLOW_KINDS

from . import group, slow

_MOST_HOURS = 168
_HOUR = timedelta(hours=1)


class SuspectSerializer(serializers.Serializer[Any]):
    """A value that is met more often than elsewhere, and not by chance."""

    dimension = serializers.CharField(help_text="Such as `worker`, `release`, `user`, `argument tenant`.")
    value = serializers.CharField()
    cases = serializers.IntegerField(source="table.cases", help_text="How many of the cases have it.")
    all_cases = serializers.IntegerField(source="table.all_cases", help_text="Of how many that are known of.")
    rest = serializers.IntegerField(source="table.rest", help_text="How many of the rest have it.")
    all_rest = serializers.IntegerField(source="table.all_rest")
    share = serializers.FloatField(source="table.share", help_text="Share of the cases.")
    usual = serializers.FloatField(source="table.usual", help_text="Share of the rest.")
    difference = serializers.FloatField(source="table.difference")
    lift = serializers.FloatField(
        source="table.lift",
        allow_null=True,
        help_text="How many times as often; null where nothing of the rest has it.",
    )
    low = serializers.FloatField(help_text="Lower end of its 95 % interval.")
    high = serializers.FloatField(help_text="Upper end.")
    chance = serializers.FloatField(
        help_text="p of Fisher's exact test, one-sided, corrected by Benjamini and Hochberg."
    )
    compared_with = serializers.CharField()
    words = serializers.CharField(help_text="All of that in words.")


class BeganSerializer(serializers.Serializer[Any]):
    """After which release it began."""

    release = ReleaseSerializer()
    seconds = serializers.FloatField(help_text="How long after.")
    chance = serializers.FloatField(
        allow_null=True, help_text="Share of the last 30 days that is as close behind a release; null without marks."
    )
    words = serializers.CharField()


class FindingsSerializer(serializers.Serializer[Any]):
    """What was found out."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    cases = serializers.IntegerField(help_text="How many were looked at.")
    compared = serializers.DictField(child=serializers.IntegerField(), help_text="With how many of what.")
    began = BeganSerializer(allow_null=True)
    suspects = SuspectSerializer(many=True)
    note = serializers.CharField(help_text="Why nothing could be found out; empty where it could.")


class GroupFilterSerializer(serializers.Serializer[Any]):
    """Over which time."""

    hours = WholeNumberField(
        default=group.HOURS, min_value=1, max_value=_MOST_HOURS, help_text="How far back from the group's last error."
    )


class GroupSuspectsView(ApiView):
    """Suspects of a group."""

    @describe(
        operation_id="group_suspects",
        parameters=[GroupFilterSerializer],
        responses={200: FindingsSerializer, **refusals(400, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """Return what a group's errors have in common that others have not, and after which release they began."""
        hours = read(request, GroupFilterSerializer)["hours"]
        try:
            found = group.findings(pk, hours)
        except group.UnknownError as error:
            raise NotFound(str(error)) from error
        return Response(FindingsSerializer(found).data)


class SlowFilterSerializer(serializers.Serializer[Any]):
    """What was slow, and when."""

    kind = serializers.ChoiceField(choices=SLOW_KINDS)
    name = serializers.CharField(max_length=200, trim_whitespace=False, help_text="Method and route, task, operation.")
    since = MomentField(required=False, help_text="From then on; an hour before `until` unless given.")
    until = MomentField(required=False, help_text="Up to then; now unless given.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Complete the time, and refuse one that is none or too long."""
        until = attrs.setdefault("until", datetime.now(UTC))
        since = attrs.setdefault("since", until - _HOUR)
        if not timedelta() < until - since <= _MOST_HOURS * _HOUR:
            raise serializers.ValidationError({"since": [f"Must be before `until`, {_MOST_HOURS} hours at most."]})
        return attrs


class SlowSuspectsView(ApiView):
    """Suspects of what was slow."""

    @describe(
        operation_id="slow_suspects",
        parameters=[SlowFilterSerializer],
        responses={200: FindingsSerializer, **refusals(400)},
    )
    def get(self, request: Request) -> Response:
        """Return what slow samples have in common that others have not, and after which release they began."""
        asked = read(request, SlowFilterSerializer)
        found = slow.findings(asked["kind"], asked["name"], asked["since"], asked["until"])
        return Response(FindingsSerializer(found).data)

"""Intake over HTTP: what became of events, and the batches that could not be taken in."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Length
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.openapi import describe
from monitoring.access.paging import Pages
from monitoring.access.problems import problem, refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView
from monitoring.conf import get_config

from .models import DeadLetter


class TallySerializer(serializers.Serializer[Any]):
    """Events by what became of them and by kind, counted since the beginning."""

    folded = serializers.DictField(child=serializers.IntegerField())
    lost = serializers.DictField(child=serializers.IntegerField())
    refused = serializers.DictField(child=serializers.IntegerField())
    replayed = serializers.DictField(child=serializers.IntegerField())
    notes = serializers.DictField(
        child=serializers.IntegerField(), help_text="How many values were changed on the way in, and in which way."
    )
    dead_letters = serializers.IntegerField(help_text="Batches that wait to be replayed.")


class DeadLetterSerializer(serializers.ModelSerializer[DeadLetter]):
    """A batch that could not be taken in, without its bytes."""

    size = serializers.IntegerField(read_only=True, help_text="Bytes of the whole entry.")

    class Meta:
        model = DeadLetter
        fields = ["id", "reason", "stream", "producer", "sequence", "version", "size", "error", "created"]
        read_only_fields = fields


class ReplayedSerializer(serializers.Serializer[Any]):
    """The batch was taken in."""

    events = serializers.IntegerField(help_text="How many were counted; 0 if somebody else was faster.")


class FilterSerializer(serializers.Serializer[Any]):
    """By what a list of dead letters can be narrowed down."""

    reason = serializers.ChoiceField(choices=DeadLetter.Reason.choices, required=False)


class DeadLettersView(ApiView, generics.ListAPIView[DeadLetter]):
    """Batches that could not be taken in."""

    serializer_class = DeadLetterSerializer
    pagination_class = Pages
    filter_backends = []

    def get_queryset(self) -> QuerySet[DeadLetter]:
        """Narrow down by the query parameters, and leave the bytes in the database."""
        wanted = read(self.request, FilterSerializer, Pages)
        found = DeadLetter.objects.filter(**wanted).order_by("-created", "-pk")
        return found.annotate(size=Length("fields")).defer("fields")

    @describe(
        operation_id="dead_letters",
        parameters=[OpenApiParameter("reason", enum=DeadLetter.Reason.values)],
        responses={200: DeadLetterSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List dead letters, the newest first."""
        return super().get(request, *args, **kwargs)


class ReplayView(ApiView):
    """Another try for a batch that could not be taken in."""

    @describe(
        operation_id="replay",
        request=None,
        responses={200: ReplayedSerializer, **refusals(404, 409)},
    )
    def post(self, _request: Request, pk: int) -> Response:
        """Take a dead letter in. It disappears with the commit in which its events count."""
        from .replay import ReplayError, replay  # brings NumPy, which web processes do without until then

        letter = get_object_or_404(DeadLetter, pk=pk)
        try:
            return Response({"events": replay(letter, get_config())})
        except ReplayError as error:
            return problem(status.HTTP_409_CONFLICT, f"It still cannot be taken in: {error}")

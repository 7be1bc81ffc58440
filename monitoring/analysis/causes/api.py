"""Causes over HTTP: what an error came of."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.openapi import describe
from monitoring.access.problems import refusals
from monitoring.access.views import ApiView

from . import finding
from .links import By, LinkKind


class CauseSerializer(serializers.Serializer[Any]):
    """What failed first."""

    kind = serializers.ChoiceField(choices=["dependency", "component", "code"])
    name = serializers.CharField(help_text="Such as `payments`, `database`, or the function in which it was raised.")
    at = serializers.DateTimeField(help_text="Since when it failed, as far as anything tells.")
    by = serializers.ChoiceField(
        choices=[by.value for by in By],
        help_text="`trace`: an error of the chain came of it; `time`: it was wrong at the same time, and that is all; "
        "`code`: nothing points anywhere else.",
    )
    words = serializers.CharField()


class LinkSerializer(serializers.Serializer[Any]):
    """One thing that happened within the trace."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in LinkKind])
    name = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    parent = serializers.CharField(  # type: ignore[assignment]  # REST framework's fields have a parent, too
        allow_null=True, help_text="Id of the link that it happened within."
    )
    failed = serializers.BooleanField()
    text = serializers.CharField(help_text="What else is known of it: a state, a statement, a message.")


class ClueSerializer(serializers.Serializer[Any]):
    """Something that was wrong at the time."""

    source = serializers.CharField(  # type: ignore[assignment]  # REST framework's fields have a source, too
        help_text="What tells of it: `health`, `circuit`, `finding` or `errors`."
    )
    name = serializers.CharField()
    at = serializers.DateTimeField(help_text="Since when.")
    until = serializers.DateTimeField(allow_null=True, help_text="Until when, where it is over.")
    words = serializers.CharField()


class CausesSerializer(serializers.Serializer[Any]):
    """An error's cause and chain."""

    error_id = serializers.UUIDField()
    trace_id = serializers.CharField()
    at = serializers.DateTimeField()
    first_failing = CauseSerializer()
    chain = LinkSerializer(many=True)
    clues = ClueSerializer(many=True)
    truncated = serializers.BooleanField(help_text="Whether the chain is longer.")


class CausesView(ApiView):
    """What an error came of."""

    @describe(operation_id="causes", responses={200: CausesSerializer, **refusals(404)})
    def get(self, _request: Request, error_id: UUID) -> Response:
        """Return the chain that an error stands in, what of it failed first, and what else was wrong at the time."""
        found = finding.of(error_id)
        if found is None:
            raise NotFound("There is no error of this id: it did not arrive yet, or its time is up.")
        return Response(CausesSerializer(found).data)

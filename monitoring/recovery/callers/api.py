"""Recovery over HTTP for those who ask for it: by the id of an error, and of one on purpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import router
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.openapi import describe
from monitoring.access.problems import ProblemSerializer, refusals
from monitoring.access.views import ApiView
from monitoring.answers.problem import MEDIA_TYPE
from monitoring.errors import api as errors
from monitoring.errors.answers import drf
from monitoring.errors.answers.views import accepts_page
from monitoring.recovery.models import Recovery
from monitoring.storage import trail

from . import asking
from .caught import catch
from .manual import NoErrorError, require, triggered


class RecoveryActionSerializer(serializers.Serializer[Any]):
    """What was done about an error."""

    strategy = serializers.CharField()
    success = serializers.BooleanField(
        allow_null=True, help_text="Whether it took effect; null while that is not known."
    )


class RecoverySerializer(serializers.Serializer[Any]):
    """What became of an error."""

    attempted = serializers.BooleanField(help_text="Whether recovery was queued, or done.")
    success = serializers.BooleanField(
        allow_null=True, help_text="Whether an action took effect; null while that is not known."
    )
    message = serializers.CharField()
    actions = RecoveryActionSerializer(many=True)
    outcome = serializers.ChoiceField(
        choices=["cleared", "persisted", "unknown"],
        allow_null=True,
        help_text="Whether the trouble is over; null until it was watched for a while.",
    )


class TriggerSerializer(serializers.Serializer[Any]):
    """Which error to recover."""

    error_id = serializers.UUIDField(help_text="Its id, as answers and the error log show it.")


class TriggeredSerializer(serializers.Serializer[Any]):
    """What became of the error whose recovery was asked for."""

    success = serializers.BooleanField(allow_null=True)
    error_id = serializers.UUIDField()
    recovery = RecoverySerializer()


class RecoveredProblemSerializer(ProblemSerializer):
    """What went wrong with a request, and what became of it."""

    recovery = RecoverySerializer()


class TriggerView(ApiView):
    """Recovery that somebody asks for."""

    @describe(
        operation_id="trigger_recovery",
        request=TriggerSerializer,
        responses={200: TriggeredSerializer, 202: TriggeredSerializer, **refusals(400, 404)},
    )
    def post(self, request: Request) -> Response:
        """Ask for the recovery of an error in the log.

        It is waited for as long as `ERROR_RECOVERY_TIMEOUT` says; 202 means that what becomes of it is not known yet.
        """
        wanted = TriggerSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        error_id = wanted.validated_data["error_id"]
        try:
            require(error_id)
            deed = trail.Deed("recovery.trigger", "error", str(error_id), actor=request.user.get_username())
            trail.tell(deed, router.db_for_write(Recovery))  # asking for it leaves no row of its own
            found = triggered(error_id, asking.MANUAL)
        except NoErrorError as error:
            raise NotFound(str(error)) from None
        return Response(found, status=202 if found["success"] is None else 200)


class TestErrorView(errors.TestErrorView):
    """An error on purpose, to see what becomes of errors."""

    @describe(**errors.TEST_ERROR, responses={(500, MEDIA_TYPE): RecoveredProblemSerializer, **refusals(400)})
    def post(self, request: Request) -> Response:
        """Raise an error that nothing handles, and answer with what recovery makes of it."""
        return super().post(request)

    def get_exception_handler(self) -> Callable[..., Any]:
        """Answer the error with its recovery; pages, and what is wrong with the request, as ever."""
        return _handle


def _handle(error: Exception, context: dict[str, Any]) -> Response | None:
    request = context["request"]
    if isinstance(error, APIException) or accepts_page(request):
        return drf.handle(error, context)
    recovery = asking.recover(catch(error, request._request, drf.BROKEN), asking.DECORATOR)
    return drf.broken(error, request, {"recovery": recovery})

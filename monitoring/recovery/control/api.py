"""Recoveries over HTTP: read them, decide about proposals, take actions back, and switch all of it off."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.db import router
from django.db.models import Model, QuerySet
from rest_framework import generics
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.openapi import describe
from monitoring.access.paging import CursorPages
from monitoring.access.problems import problem, refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView
from monitoring.conf import get_config
from monitoring.recovery import approving, switch
from monitoring.recovery.models import Recovery, RecoveryAction, RecoveryEntry

from . import overview
from .serializers import (
    ActionDecisionSerializer,
    ActionFilterSerializer,
    ActionRejectionSerializer,
    ActionTakenSerializer,
    EntryFilterSerializer,
    RecoveryDetailSerializer,
    RecoveryEntrySerializer,
    RecoveryEpisodeSerializer,
    RecoveryFilterSerializer,
    StrategySerializer,
    SwitchSerializer,
    TurnSerializer,
)

_MOST_ENTRIES = 200
_RENAMED = {"since": "requested_at__gte", "group": "group_id", "recovery": "recovery_id"}


class RecoveryPages(CursorPages):
    """Pages of recoveries, the newest first."""

    ordering = ("-requested_at", "-id")


class ActionPages(CursorPages):
    """Pages of actions, the newest first."""

    ordering = ("-created", "-id")


class EntryPages(CursorPages):
    """Pages of entries, the newest first."""

    ordering = ("-at", "-id")


def _narrowed(given: dict[str, Any]) -> dict[str, Any]:
    """Return the conditions of the parameters of an address."""
    return {
        f"{name}__in" if isinstance(value, list) else _RENAMED.get(name, name): value for name, value in given.items()
    }


class RecoveriesView(ApiView, generics.ListAPIView[Recovery]):
    """Recoveries."""

    serializer_class = RecoveryEpisodeSerializer
    pagination_class = RecoveryPages
    filter_backends = []

    def get_queryset(self) -> QuerySet[Recovery]:
        """Narrow down by the query parameters."""
        given = read(self.request, RecoveryFilterSerializer, RecoveryPages)
        return Recovery.objects.filter(**_narrowed(given)).defer("choice", "signal")

    @describe(
        operation_id="recoveries",
        parameters=[RecoveryFilterSerializer],
        responses={200: RecoveryEpisodeSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List recoveries, the newest first."""
        return super().get(request, *args, **kwargs)


class RecoveryView(ApiView):
    """One recovery."""

    @describe(operation_id="recovery", responses={200: RecoveryDetailSerializer, **refusals(404)})
    def get(self, _request: Request, pk: uuid.UUID) -> Response:
        """Return a recovery with why it was chosen, its actions, and what happened."""
        found = _rows(Recovery).filter(pk=pk).prefetch_related("actions").first()
        if found is None:
            raise NotFound("There is no such recovery.")
        found.trail = list(_rows(RecoveryEntry).filter(recovery_id=pk).order_by("at", "id")[:_MOST_ENTRIES])
        return Response(RecoveryDetailSerializer(found).data)


class RecoveryActionsView(ApiView, generics.ListAPIView[RecoveryAction]):
    """Actions of all recoveries."""

    serializer_class = ActionTakenSerializer
    pagination_class = ActionPages
    filter_backends = []

    def get_queryset(self) -> QuerySet[RecoveryAction]:
        """Narrow down by the query parameters."""
        return RecoveryAction.objects.filter(**_narrowed(read(self.request, ActionFilterSerializer, ActionPages)))

    @describe(
        operation_id="recovery_actions",
        parameters=[ActionFilterSerializer],
        responses={200: ActionTakenSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List actions, the newest first; `?state=proposed` waits for somebody's decision."""
        return super().get(request, *args, **kwargs)


class RecoveryActionView(ApiView):
    """One action."""

    @describe(operation_id="recovery_action", responses={200: ActionTakenSerializer, **refusals(404)})
    def get(self, _request: Request, pk: uuid.UUID) -> Response:
        """Return an action as it is now, with the `version` that a decision about it has to name."""
        found = _rows(RecoveryAction).filter(pk=pk).first()
        if found is None:
            raise NotFound("There is no such action.")
        return Response(ActionTakenSerializer(found).data)


class TrailView(ApiView, generics.ListAPIView[RecoveryEntry]):
    """The audit trail."""

    serializer_class = RecoveryEntrySerializer
    pagination_class = EntryPages
    filter_backends = []

    def get_queryset(self) -> QuerySet[RecoveryEntry]:
        """Narrow down by the query parameters."""
        return RecoveryEntry.objects.filter(**_narrowed(read(self.request, EntryFilterSerializer, EntryPages)))

    @describe(
        operation_id="recovery_trail",
        parameters=[EntryFilterSerializer],
        responses={200: RecoveryEntrySerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List what was decided and done, and by whom, the newest first."""
        return super().get(request, *args, **kwargs)


class ApproveView(ApiView):
    """Letting a proposal be carried out."""

    @describe(
        operation_id="approve_recovery_action",
        request=ActionDecisionSerializer,
        responses={202: ActionTakenSerializer, **refusals(400, 404, 409)},
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Let a proposal be carried out, within some seconds."""
        version = _sent(ActionDecisionSerializer, request)["version"]
        return _decided(pk, lambda: approving.approve(pk, _who(request), version))


class RejectView(ApiView):
    """Having a proposal not carried out."""

    @describe(
        operation_id="reject_recovery_action",
        request=ActionRejectionSerializer,
        responses={202: ActionTakenSerializer, **refusals(400, 404, 409)},
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Have a proposal not carried out."""
        sent = _sent(ActionRejectionSerializer, request)
        return _decided(pk, lambda: approving.reject(pk, _who(request), sent["version"], sent["reason"]))


class RollBackView(ApiView):
    """Taking an action back."""

    @describe(
        operation_id="roll_back_recovery_action",
        request=ActionDecisionSerializer,
        responses={202: ActionTakenSerializer, **refusals(400, 404, 409)},
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Have what an action did taken back, within some seconds."""
        version = _sent(ActionDecisionSerializer, request)["version"]
        return _decided(pk, lambda: approving.take_back(pk, _who(request), version))


class RecoverySwitchView(ApiView):
    """The kill switch."""

    @describe(operation_id="recovery_switch", responses={200: SwitchSerializer, **refusals()})
    def get(self, _request: Request) -> Response:
        """Say whether recovery acts."""
        return Response(SwitchSerializer(_switch()).data)

    @describe(
        operation_id="turn_recovery_switch",
        request=TurnSerializer,
        responses={200: SwitchSerializer, **refusals(400)},
    )
    def put(self, request: Request) -> Response:
        """Turn recovery off or on: once this is answered, no action begins while it is off."""
        sent = _sent(TurnSerializer, request)
        switch.turn(sent["on"], _who(request), sent["reason"])
        return Response(SwitchSerializer(_switch()).data)


class RecoveryStrategiesView(ApiView):
    """The strategies."""

    @describe(operation_id="recovery_strategies", responses={200: StrategySerializer(many=True), **refusals()})
    def get(self, _request: Request) -> Response:
        """List the strategies that there are, which of them act by themselves, and what came of their actions."""
        return Response(StrategySerializer(overview.strategies(get_config()), many=True).data)


def _switch() -> dict[str, Any]:
    row = switch.read()
    turned = bool(row.who)
    return {
        "on": not row.off,
        "mode": get_config().recovery,
        "who": row.who,
        "reason": row.reason,
        "at": row.at if turned else None,
    }


def _sent(form: type[Any], request: Request) -> dict[str, Any]:
    given = form(data=request.data)
    given.is_valid(raise_exception=True)
    values: dict[str, Any] = given.validated_data
    return values


def _decided(pk: uuid.UUID, decide: Callable[[], RecoveryAction]) -> Response:
    """Carry a decision out and show the action.

    Raises:
        NotFound: There is none.
    """
    if not _rows(RecoveryAction).filter(pk=pk).exists():
        raise NotFound("There is no such action.")
    try:
        return Response(ActionTakenSerializer(decide()).data, status=202)
    except approving.NotPossibleError as error:
        return problem(409, str(error))


def _who(request: Request) -> str:
    return str(request.user.get_username())


def _rows(model: type[Any]) -> QuerySet[Any]:
    """Return the rows of a model as last committed."""
    found: QuerySet[Model] = model.objects.using(router.db_for_write(model))
    return found

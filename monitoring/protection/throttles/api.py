"""Throttles over HTTP: list them, make, change and end them."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import router
from django.db.models import QuerySet
from rest_framework import generics
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.openapi import describe
from monitoring.access.paging import CursorPages
from monitoring.access.problems import problem, refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView
from monitoring.protection.people import name_of

from . import actions
from .limit import Limit, Scope
from .models import Throttle
from .serializers import NewThrottleSerializer, ThrottleChangeSerializer, ThrottleFilterSerializer, ThrottleSerializer

_MAX_ID = 2**63 - 1
_ENDED = "It was ended; make a new one."


class ThrottlePages(CursorPages):
    """Pages of throttles, the newest first."""


class ThrottlesView(ApiView, generics.ListAPIView[Throttle]):
    """Throttles."""

    serializer_class = ThrottleSerializer
    pagination_class = ThrottlePages
    filter_backends = []

    def get_queryset(self) -> QuerySet[Throttle]:
        """Narrow down by the query parameters; those that were ended are listed when asked for."""
        given = read(self.request, ThrottleFilterSerializer, ThrottlePages)
        rows, state = Throttle.objects.all(), given.pop("state", None)
        rows = rows.filter(ended=None) if state is None else rows.in_state(state, datetime.now(UTC))
        return rows.filter(**given)

    @describe(
        operation_id="throttles",
        parameters=[ThrottleFilterSerializer],
        responses={200: ThrottleSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List throttles, the newest first; without `state` all that were not ended."""
        return super().get(request, *args, **kwargs)

    @describe(
        operation_id="make_throttle",
        request=NewThrottleSerializer,
        responses={201: ThrottleSerializer, **refusals(400, 409)},
    )
    def post(self, request: Request) -> Response:
        """Make a throttle."""
        given = NewThrottleSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        values = {"per": Scope.ALL.value, **given.validated_data}
        limit = Limit(**{name: values.pop(name) for name in Limit.__dataclass_fields__ if name in values})
        try:
            row = actions.create(limit, name_of(request.user), datetime.now(UTC), **values)
        except actions.TooManyError as error:
            return problem(409, str(error))
        return Response(ThrottleSerializer(row).data, status=201)


class ThrottleView(ApiView):
    """One throttle."""

    @describe(operation_id="throttle", responses={200: ThrottleSerializer, **refusals(404)})
    def get(self, _request: Request, pk: int) -> Response:
        """Return a throttle."""
        return Response(ThrottleSerializer(_throttle(pk)).data)

    @describe(
        operation_id="change_throttle",
        request=ThrottleChangeSerializer,
        responses={200: ThrottleSerializer, **refusals(400, 404, 409)},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change a throttle, or have it in force no longer with `enabled`."""
        given = ThrottleChangeSerializer(data=request.data, partial=True, context={"throttle": _throttle(pk)})
        given.is_valid(raise_exception=True)
        if not actions.change(pk, given.validated_data, name_of(request.user), datetime.now(UTC)):
            return problem(409, _ENDED)
        return Response(ThrottleSerializer(_throttle(pk)).data)

    @describe(operation_id="end_throttle", responses={204: None, **refusals(404)})
    def delete(self, request: Request, pk: int) -> Response:
        """End a throttle. It is kept for some time who made and who ended it."""
        if not actions.end(_throttle(pk).pk, name_of(request.user), datetime.now(UTC)):
            raise NotFound("It was ended already.")
        return Response(status=204)


def _throttle(pk: int) -> Throttle:
    """Return a throttle.

    Raises:
        NotFound: There is none.
    """
    rows = Throttle.objects.using(router.db_for_write(Throttle))
    found = rows.filter(pk=pk).first() if pk <= _MAX_ID else None
    if found is None:
        raise NotFound("There is no such throttle.")
    return found

"""Circuits over HTTP: list them, open and close them by hand, and let what is counted decide again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

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
from monitoring.protection.telling import tell

from . import actions, reading
from .models import Circuit, CircuitChange
from .serializers import (
    CircuitDecisionSerializer,
    CircuitDetailSerializer,
    CircuitFilterSerializer,
    CircuitSerializer,
    CloseCircuitSerializer,
    OpenCircuitSerializer,
)

_MAX_ID = 2**63 - 1
_CHANGES = 20
_CHANGED = "The circuit has changed since: look at it again."


class CircuitPages(CursorPages):
    """Pages of circuits, the newest first."""


class CircuitsView(ApiView, generics.ListAPIView[Circuit]):
    """Circuits."""

    serializer_class = CircuitSerializer
    pagination_class = CircuitPages
    filter_backends = []

    def get_queryset(self) -> QuerySet[Circuit]:
        """Narrow down by the query parameters."""
        given = read(self.request, CircuitFilterSerializer, CircuitPages)
        return Circuit.objects.filter(declared=True, **given)

    def paginate_queryset(self, queryset: Any) -> Any:
        """Add to the circuits of a page what is counted of them."""
        page = super().paginate_queryset(queryset)
        return None if page is None else _counted(page)

    @describe(
        operation_id="circuits",
        parameters=[CircuitFilterSerializer],
        responses={200: CircuitSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List circuits, those that were declared last first."""
        return super().get(request, *args, **kwargs)


class CircuitView(ApiView):
    """One circuit."""

    @describe(operation_id="circuit", responses={200: CircuitDetailSerializer, **refusals(404)})
    def get(self, _request: Request, pk: int) -> Response:
        """Return a circuit, and what was decided about it."""
        return Response(_shown(pk))


class OpenCircuitView(ApiView):
    """Opening a circuit."""

    @describe(
        operation_id="open_circuit",
        request=OpenCircuitSerializer,
        responses={200: CircuitDetailSerializer, **refusals(400, 404, 409)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Open a circuit: every process refuses its calls at once."""
        return _decide(request, pk, OpenCircuitSerializer, actions.open_it)


class CloseCircuitView(ApiView):
    """Closing a circuit."""

    @describe(
        operation_id="close_circuit",
        request=CloseCircuitSerializer,
        responses={200: CircuitDetailSerializer, **refusals(400, 404, 409)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Close a circuit: every process lets its calls through at once, and counting begins anew."""
        return _decide(request, pk, CloseCircuitSerializer, actions.close_it)


class ReleaseCircuitView(ApiView):
    """Letting a circuit go that somebody held."""

    @describe(
        operation_id="release_circuit",
        request=CircuitDecisionSerializer,
        responses={200: CircuitDetailSerializer, **refusals(400, 404, 409)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Let what is counted decide again: one that was held open is tried at once."""
        return _decide(request, pk, CircuitDecisionSerializer, actions.release)


def _decide(request: Request, pk: int, form: type[CircuitDecisionSerializer], act: Callable[..., bool]) -> Response:
    given = form(data=request.data)
    given.is_valid(raise_exception=True)
    values = dict(given.validated_data)
    row = _circuit(pk)
    if row.version != values.pop("version") or not act(row, name_of(request.user), datetime.now(UTC), **values):
        return problem(409, _CHANGED)
    tell(router.db_for_write(Circuit))
    return Response(_shown(pk))


def _shown(pk: int) -> Any:
    (row,) = _counted([_circuit(pk)])
    changes = CircuitChange.objects.using(router.db_for_write(Circuit)).filter(circuit=pk)
    row.latest = list(changes[:_CHANGES])  # type: ignore[attr-defined]  # for the serializer
    return CircuitDetailSerializer(row).data


def _counted(rows: Sequence[Circuit]) -> Sequence[Circuit]:
    """Add to circuits what is counted of them."""
    counted = reading.calls(rows, time.time_ns() // 1_000_000, router.db_for_write(Circuit))
    for row in rows:
        row.calls = counted[row.pk]  # type: ignore[attr-defined]  # for the serializer
    return rows


def _circuit(pk: int) -> Circuit:
    """Return a circuit.

    Raises:
        NotFound: There is none.
    """
    rows = Circuit.objects.using(router.db_for_write(Circuit))
    found = rows.filter(pk=pk, declared=True).first() if pk <= _MAX_ID else None
    if found is None:
        raise NotFound("There is no such circuit.")
    return found

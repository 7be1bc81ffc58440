"""Blocks over HTTP: list them, block by hand, unblock."""

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
from monitoring.error_rate import get_error_rate
from monitoring.protection.blocks.actions import covering
from monitoring.protection.blocks.models import Block, BlockOrigin
from monitoring.protection.people import name_of

from . import acts
from .serializers import (
    BlockDetailSerializer,
    BlockFilterSerializer,
    BlockSerializer,
    NewBlockSerializer,
    UnblockedSerializer,
    UnblockSerializer,
)

_MAX_ID = 2**63 - 1


class BlockPages(CursorPages):
    """Pages of blocks, the newest first."""

    ordering = ("-started", "-id")


class BlocksView(ApiView, generics.ListAPIView[Block]):
    """Blocks, and those that were withheld."""

    serializer_class = BlockSerializer
    pagination_class = BlockPages
    filter_backends = []

    def get_queryset(self) -> QuerySet[Block]:
        """Narrow down by the query parameters."""
        given = read(self.request, BlockFilterSerializer, BlockPages)
        rows = covering(given.pop("network")) if "network" in given else Block.objects.all()
        state = given.pop("state", None)
        rows = rows if state is None else rows.in_state(state, datetime.now(UTC))
        return rows.filter(**given).defer("evidence")

    @describe(
        operation_id="blocks",
        parameters=[BlockFilterSerializer],
        responses={200: BlockSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List blocks of every state, the newest first."""
        return super().get(request, *args, **kwargs)

    @describe(
        operation_id="make_block",
        request=NewBlockSerializer,
        responses={201: BlockDetailSerializer, **refusals(400, 409)},
    )
    def post(self, request: Request) -> Response:
        """Refuse a network's requests for some time, in the place of a block that it has."""
        given = NewBlockSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        try:
            row = acts.block(
                values["network"],
                values.get("seconds", get_error_rate().ip_block_duration_seconds),
                values.get("reason", ""),
                name_of(request.user),
                BlockOrigin.API,
                acts.ground(request.META, datetime.now(UTC)),
            )
        except acts.NotBlockedError as error:
            return problem(409, str(error))
        return Response(BlockDetailSerializer(row).data, status=201)


class BlockView(ApiView):
    """One block."""

    @describe(operation_id="block", responses={200: BlockDetailSerializer, **refusals(404)})
    def get(self, _request: Request, pk: int) -> Response:
        """Return a block with the errors that it comes from."""
        return Response(BlockDetailSerializer(_block(pk)).data)


class UnblockOneView(ApiView):
    """Ending a block."""

    @describe(operation_id="unblock_one", request=None, responses={200: BlockDetailSerializer, **refusals(404, 409)})
    def post(self, request: Request, pk: int) -> Response:
        """End a block before its time. What its client did until now is not held against it again."""
        if not acts.unblock_one(_block(pk).pk, name_of(request.user)):
            return problem(409, f"It is not in force: it is {_block(pk).state(datetime.now(UTC))}.")
        return Response(BlockDetailSerializer(_block(pk)).data)


class UnblockView(ApiView):
    """Ending the blocks of an address or a network."""

    @describe(operation_id="unblock", request=UnblockSerializer, responses={200: UnblockedSerializer, **refusals(400)})
    def post(self, request: Request) -> Response:
        """End every block that refuses an address, or somebody of a network."""
        given = UnblockSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return Response({"unblocked": acts.unblock(given.validated_data["network"], name_of(request.user))})


def _block(pk: int) -> Block:
    """Return a block.

    Raises:
        NotFound: There is none.
    """
    found = Block.objects.using(router.db_for_write(Block)).filter(pk=pk).first() if pk <= _MAX_ID else None
    if found is None:
        raise NotFound("There is no such block.")
    return found

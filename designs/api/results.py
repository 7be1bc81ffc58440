"""What was read from a design's file, and its release."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from designs import release, results
from designs.access import open_design
from designs.exceptions import EnginelBaseException
from designs.models import Role
from designs.monitoring import ErrorTracker

from .designs import DesignSerializer

_Any = extend_schema_field(OpenApiTypes.OBJECT)(serializers.JSONField)


class UnitSerializer(serializers.Serializer[Any]):
    """In which unit lengths are told."""

    unit = serializers.CharField(
        required=False,
        max_length=40,
        default=None,
        help_text="A unit of length, like `mm` or `inch`; the file's own unless given.",
    )


class DimensionsSerializer(serializers.Serializer[Any]):
    """The size of the whole."""

    unit = serializers.CharField(allow_null=True)
    size = serializers.ListField(child=serializers.FloatField())


class PartSerializer(serializers.Serializer[Any]):
    """A part, and how often the whole needs it."""

    part_number = serializers.CharField()
    name = serializers.CharField()
    quantity = serializers.IntegerField()


class BOMSerializer(serializers.Serializer[Any]):
    """A bill of materials."""

    design = serializers.UUIDField()
    dimensions = DimensionsSerializer(allow_null=True)
    tree = serializers.ListField(
        child=serializers.DictField(), help_text="Assemblies with their `children`, which are made as they are."
    )
    parts = PartSerializer(many=True)
    truncated = serializers.BooleanField(help_text="Whether there is more than is shown.")


class GeometrySerializer(serializers.Serializer[Any]):
    """What the file says of its geometry."""

    design = serializers.UUIDField()
    format = serializers.CharField()
    units = _Any()
    entities = _Any()
    bounding_box = _Any(allow_null=True)


class BOMView(APIView):
    """A design's bill of materials."""

    permission_classes = [IsAuthenticated]

    @extend_schema(parameters=[UnitSerializer], responses=BOMSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Show the assembly tree, the parts with their quantities, and the size of the whole in a unit."""
        design = open_design(request.user, pk)
        unit = _unit(request)
        results.expect_ready(design)
        return Response(results.bill_of_materials(design, unit))


class GeometryView(APIView):
    """A design's geometry."""

    permission_classes = [IsAuthenticated]

    @extend_schema(parameters=[UnitSerializer], responses=GeometrySerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Show what the file says of its geometry, with the bounding box in a unit."""
        design = open_design(request.user, pk)
        unit = _unit(request)
        results.expect_ready(design)
        return Response(results.geometry(design, unit))


class FinalizeView(APIView):
    """A design's release."""

    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses=DesignSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Release a design that was read: from then on it stays as it is. Doing so again changes nothing."""
        try:
            design = release.finalize(open_design(request.user, pk, Role.EDITOR), request.user)
        except EnginelBaseException as error:
            # It is captured anyway; here is known what it is about.
            context = {"design_id": pk, "step": "finalize", "organization": str(request.user.organization)}
            ErrorTracker.log_error(error, context=context, user_id=request.user.pk)
            raise
        return Response(DesignSerializer(design, context={"request": request}).data)


def _unit(request: Request) -> str | None:
    wanted = UnitSerializer(data=request.query_params)
    wanted.is_valid(raise_exception=True)
    unit: str | None = wanted.validated_data["unit"]
    return unit

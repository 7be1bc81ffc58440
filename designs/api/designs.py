"""Designs: their list, one of them, what people say about it, and its end."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import generics, serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from designs import edits
from designs.access import open_design
from designs.models import Design, Format, Status

from .fields import ClearanceField, PartNumberField


class DesignSerializer(serializers.ModelSerializer[Design]):
    """A design without the large results."""

    url = serializers.HyperlinkedIdentityField(view_name="design-detail")
    clearance = ClearanceField(read_only=True)

    class Meta:
        model = Design
        fields = [
            "id", "url", "name", "part_number", "status", "format", "size", "sha256", "organization", "series",
            "revision", "itar", "clearance", "failure", "error_message", "finalized", "created", "updated",
        ]  # fmt: skip
        read_only_fields = fields


class DesignDetailSerializer(DesignSerializer):
    """A design with all that was read from its file."""

    geometry = extend_schema_field(OpenApiTypes.OBJECT)(serializers.JSONField)(read_only=True, allow_null=True)
    bom = extend_schema_field(OpenApiTypes.OBJECT)(serializers.JSONField)(read_only=True, allow_null=True)

    class Meta(DesignSerializer.Meta):
        fields = [*DesignSerializer.Meta.fields, "geometry", "bom"]
        read_only_fields = fields


class EditSerializer(serializers.Serializer[Any]):
    """What can be changed about a design that is not finalized; each may be left out."""

    name = serializers.CharField(max_length=200)
    part_number = PartNumberField()
    itar = serializers.BooleanField(help_text="Open to US persons only.")
    clearance = ClearanceField(help_text="The least clearance that may see it.")


class FilterSerializer(serializers.Serializer[Any]):
    """By what a list of designs can be narrowed down."""

    status = serializers.ChoiceField(choices=Status.choices, required=False)
    format = serializers.ChoiceField(choices=Format.choices, required=False)
    series = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    organization = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class DesignListView(generics.ListAPIView[Design]):
    """List designs, the newest first."""

    permission_classes = [IsAuthenticated]
    serializer_class = DesignSerializer

    def get_queryset(self) -> QuerySet[Design]:
        """Return what the user may open, narrowed down, and leave the large results in the database."""
        wanted = FilterSerializer(data=self.request.query_params)
        wanted.is_valid(raise_exception=True)
        return Design.objects.visible_to(self.request.user).filter(**wanted.validated_data).defer("geometry", "bom")

    @extend_schema(
        parameters=[
            OpenApiParameter("status", enum=Status.values),
            OpenApiParameter("format", enum=Format.values),
            OpenApiParameter("series", int),
            OpenApiParameter("organization", int),
        ]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List designs, filtered by status, format, series or organization."""
        return super().get(request, *args, **kwargs)


class DesignDetailView(APIView):
    """One design."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=DesignDetailSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Show a design with what was read from its file."""
        return self._answer(open_design(request.user, pk))

    @extend_schema(request=EditSerializer, responses=DesignDetailSerializer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Change what people say about a design. ITAR and clearance are for admins; a finalized design stays."""
        design = open_design(request.user, pk)
        # Partial: in a form, a box that is not there would else count as not ticked, and lift ITAR.
        wanted = EditSerializer(data=request.data, partial=True)
        wanted.is_valid(raise_exception=True)
        edits.edit(design, request.user, dict(wanted.validated_data))
        return self._answer(design)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Delete a design with its file. Editors delete their own that are not finalized; admins, any."""
        edits.delete(open_design(request.user, pk), request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _answer(self, design: Design) -> Response:
        return Response(DesignDetailSerializer(design, context={"request": self.request}).data)

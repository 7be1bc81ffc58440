"""The HTTP interface of designs and series."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import generics, serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from . import uploads
from .models import Design, Format, Series, Status
from .monitoring import PerformanceMonitor

MULTIPART_OVERHEAD = 64 * 1024


class SeriesSerializer(serializers.ModelSerializer[Series]):
    """A family of designs."""

    class Meta:
        model = Series
        fields = ["id", "name", "part_number_prefix", "last_revision", "created"]
        read_only_fields = ["last_revision", "created"]


class DesignSerializer(serializers.ModelSerializer[Design]):
    """A design without the large results."""

    url = serializers.HyperlinkedIdentityField(view_name="design-detail")

    class Meta:
        model = Design
        fields = [
            "id", "url", "name", "status", "format", "size", "sha256", "series", "revision", "error_message",
            "created", "updated",
        ]  # fmt: skip
        read_only_fields = fields


class DesignDetailSerializer(DesignSerializer):
    """A design with all that was read from its file."""

    geometry = extend_schema_field(OpenApiTypes.OBJECT)(serializers.JSONField)(read_only=True, allow_null=True)
    bom = extend_schema_field(OpenApiTypes.OBJECT)(serializers.JSONField)(read_only=True, allow_null=True)

    class Meta(DesignSerializer.Meta):
        fields = [*DesignSerializer.Meta.fields, "geometry", "bom"]
        read_only_fields = fields


class UploadSerializer(serializers.Serializer[Any]):
    """What an upload consists of."""

    file = serializers.FileField(help_text="A STEP (.step, .stp, .p21) or IGES (.igs, .iges) file.")
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    series = serializers.PrimaryKeyRelatedField(queryset=Series.objects.all(), required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Recognise the file, and keep to the user's own series."""
        try:
            attrs["format"] = uploads.format_of(attrs["file"])
        except ValueError as error:
            raise serializers.ValidationError({"file": [str(error)]}) from error
        series = attrs.get("series")
        if series is not None and series.owner_id != self.context["request"].user.pk:
            # The same answer as for a series that does not exist: ids of others are not to be probed.
            raise serializers.ValidationError({"series": [f'Invalid pk "{series.pk}" - object does not exist.']})
        return attrs


class FilterSerializer(serializers.Serializer[Any]):
    """By what a list of designs can be narrowed down."""

    status = serializers.ChoiceField(choices=Status.choices, required=False)
    format = serializers.ChoiceField(choices=Format.choices, required=False)
    series = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class UploadView(APIView):
    """Upload a CAD file. It is stored at once and read in the background; `status` says how far that is."""

    permission_classes = [IsAuthenticated]
    parser_classes = [MultiPartParser]

    @extend_schema(request={"multipart/form-data": UploadSerializer}, responses={201: DesignSerializer})
    def post(self, request: Request) -> Response:
        """Take a file in and queue its reading."""
        self._refuse_oversize(request)
        with PerformanceMonitor.track_duration("upload"):
            upload = UploadSerializer(data=request.data, context={"request": request})
            if upload.is_valid():
                fields = upload.validated_data
                design = uploads.take_in(
                    fields["file"], fields["format"], request.user, fields["name"], fields.get("series")
                )
                answer = DesignSerializer(design, context={"request": request}).data
                return Response(answer, status=status.HTTP_201_CREATED, headers={"Location": answer["url"]})
        return Response(upload.errors, status=status.HTTP_400_BAD_REQUEST)

    def _refuse_oversize(self, request: Request) -> None:
        """Refuse by the declared length, before the body is read and written to disk."""
        declared = request.META.get("CONTENT_LENGTH") or "0"
        if declared.isdecimal() and int(declared) > uploads.max_bytes() + MULTIPART_OVERHEAD:
            raise serializers.ValidationError({"file": [f"The file is larger than {uploads.max_bytes()} bytes."]})


class _VisibleDesigns:
    """Designs the user may see."""

    permission_classes = [IsAuthenticated]
    request: Request

    def get_queryset(self) -> QuerySet[Design]:
        """Return the user's own designs; to staff, all."""
        return Design.objects.visible_to(self.request.user)


class DesignListView(_VisibleDesigns, generics.ListAPIView[Design]):
    """List designs, the newest first."""

    serializer_class = DesignSerializer

    def get_queryset(self) -> QuerySet[Design]:
        """Narrow down by the query parameters, and leave the large results in the database."""
        wanted = FilterSerializer(data=self.request.query_params)
        wanted.is_valid(raise_exception=True)
        return super().get_queryset().filter(**wanted.validated_data).defer("geometry", "bom")

    @extend_schema(
        parameters=[
            OpenApiParameter("status", enum=Status.values),
            OpenApiParameter("format", enum=Format.values),
            OpenApiParameter("series", int),
        ]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List designs, filtered by status, format or series."""
        return super().get(request, *args, **kwargs)


class DesignDetailView(_VisibleDesigns, generics.RetrieveAPIView[Design]):
    """One design with what was read from its file."""

    serializer_class = DesignDetailSerializer


class SeriesView(generics.ListCreateAPIView[Series]):
    """List one's series, or begin one."""

    permission_classes = [IsAuthenticated]
    serializer_class = SeriesSerializer
    queryset = Series.objects.all()

    def get_queryset(self) -> QuerySet[Series]:
        """Return the user's own series; to staff, all."""
        user = self.request.user
        return self.queryset if user.is_staff else self.queryset.filter(owner_id=user.pk)

    def perform_create(self, serializer: serializers.BaseSerializer[Series]) -> None:
        """Begin a series of the user's own."""
        try:
            with transaction.atomic():
                serializer.save(owner=self.request.user)
        except IntegrityError as error:
            raise serializers.ValidationError({"name": ["You have a series of this name."]}) from error

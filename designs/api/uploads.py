"""Uploading a file."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from designs import uploads
from designs.access import expect_cleared, expect_role
from designs.models import Clearance, Design, Membership, Role, Series
from designs.monitoring import PerformanceMonitor

from .designs import DesignSerializer
from .fields import ClearanceField, OwnOrganizationField, PartNumberField

MULTIPART_OVERHEAD = 64 * 1024


class _OwnSeriesField(serializers.PrimaryKeyRelatedField[Series]):
    """A series of the user's organizations. Others look as if they did not exist: their ids are not to be probed."""

    queryset = Series.objects.all()

    def get_queryset(self) -> Any:
        mine = Membership.objects.filter(user_id=self.context["request"].user.pk)
        return Series.objects.filter(organization_id__in=mine.values("organization_id")).select_related("organization")


class UploadSerializer(serializers.Serializer[Any]):
    """What an upload consists of."""

    file = serializers.FileField(
        allow_empty_file=True, help_text="A STEP (.step, .stp, .p21) or IGES (.igs, .iges) file."
    )
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    part_number = PartNumberField(required=False, default=None)
    organization = OwnOrganizationField(
        required=False,
        help_text="Whose the design is: that of the series, or the one you work in, unless given.",
    )
    series = _OwnSeriesField(required=False, allow_null=True)
    itar = serializers.BooleanField(required=False, default=False, help_text="Open to US persons only.")
    clearance = ClearanceField(
        required=False, default=Clearance.UNCLASSIFIED, help_text="The least clearance that may see it."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Say whose the design is."""
        series = attrs.get("series")
        if series is None:
            attrs.setdefault("organization", self.context["request"].user.organization)
        elif attrs.setdefault("organization", series.organization) != series.organization:
            raise serializers.ValidationError({"organization": ["The series is another organization's."]})
        return attrs


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
            refusal: APIException | None = None
            try:
                upload.is_valid(raise_exception=True)
                design = self._take_in(request.user, dict(upload.validated_data))
            except APIException as error:
                if error.status_code >= status.HTTP_500_INTERNAL_SERVER_ERROR:
                    raise
                refusal = error  # which is no failure of the operation
        if refusal is not None:
            raise refusal
        answer = DesignSerializer(design, context={"request": request}).data
        return Response(answer, status=status.HTTP_201_CREATED, headers={"Location": str(answer["url"])})

    def _take_in(self, user: Any, fields: dict[str, Any]) -> Design:
        organization, file = fields["organization"], fields.pop("file")
        expect_role(user, organization.pk, Role.EDITOR)
        wanted = Design(itar=fields["itar"], clearance=fields["clearance"])
        expect_cleared(user, wanted, organization)
        return uploads.take_in(file, uploads.format_of(file), user, **fields)

    def _refuse_oversize(self, request: Request) -> None:
        """Refuse by the declared length, before the body is read and written to disk."""
        declared = request.META.get("CONTENT_LENGTH") or "0"
        if declared.isdecimal():
            uploads.expect_size(int(declared), allowance=MULTIPART_OVERHEAD)

"""Series of designs."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated

from designs import limits
from designs.access import expect_cleared, expect_role
from designs.models import Organization, Role, Series

from .fields import OwnOrganizationField


class SeriesSerializer(serializers.ModelSerializer[Series]):
    """A family of designs."""

    organization = OwnOrganizationField(
        required=False, help_text="Whose the series is: that of the organization you work in, unless given."
    )

    class Meta:
        model = Series
        fields = ["id", "organization", "name", "part_number_prefix", "last_revision", "created"]
        read_only_fields = ["last_revision", "created"]
        # Names are unique in the organization that is found out later; the constraint itself is the judge.
        validators: list[Any] = []


class SeriesView(generics.ListCreateAPIView[Series]):
    """List the series of one's organizations, or begin one."""

    permission_classes = [IsAuthenticated]
    serializer_class = SeriesSerializer
    queryset = Series.objects.all()

    def get_queryset(self) -> QuerySet[Series]:
        """Return the series of the user's organizations; to staff, all."""
        return Series.objects.visible_to(self.request.user)

    def perform_create(self, serializer: serializers.BaseSerializer[Series]) -> None:
        """Begin a series.

        Raises:
            InsufficientPermissions: The user is no editor of the organization.
            ITARViolation: It is open to US persons only.
            ClearanceLevelInsufficient: It needs a higher clearance.
            OrganizationLimitExceeded: It has as many series as it may have.
            ValidationError: It has one of this name.
        """
        user = self.request.user
        organization = serializer.validated_data.get("organization") or user.organization
        expect_role(user, organization.pk, Role.EDITOR)
        expect_cleared(user, organization)
        try:
            with transaction.atomic():
                limits.expect_room_for_series(Organization.objects.lock(organization.pk))
                serializer.save(owner=user, organization=organization)
        except IntegrityError as error:
            raise serializers.ValidationError({"name": ["There is a series of this name."]}) from error

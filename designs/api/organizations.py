"""Organizations: those one belongs to, and the one one works in."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from designs import members
from designs.access import expect_cleared, open_organization
from designs.models import Membership, Organization, Role, User

from .fields import ClearanceField, OwnOrganizationField


class OrganizationSerializer(serializers.ModelSerializer[Organization]):
    """An organization, and the role one has in it."""

    clearance = ClearanceField(required=False, help_text="The least clearance that may see any of its designs.")
    role = serializers.ChoiceField(choices=Role.choices, read_only=True, allow_null=True)
    personal = serializers.SerializerMethodField()

    class Meta:
        model = Organization
        fields = ["id", "name", "role", "personal", "itar", "clearance", "created"]

    def get_personal(self, organization: Organization) -> bool:
        """Say whether it is one person's own."""
        return organization.personal_of_id is not None


class OrganizationDetailSerializer(OrganizationSerializer):
    """An organization with what it uses and may use."""

    storage_used = serializers.IntegerField(read_only=True, help_text="Bytes.")
    users = serializers.IntegerField(
        source="seats_taken", read_only=True, help_text="Members and open invitations; `max_users` bounds them."
    )

    class Meta(OrganizationSerializer.Meta):
        fields = [
            *OrganizationSerializer.Meta.fields, "storage_used", "storage_quota", "users", "max_users", "max_designs",
            "max_series",
        ]  # fmt: skip
        read_only_fields = ["storage_quota", "max_users", "max_designs", "max_series"]


class CurrentSerializer(serializers.Serializer[Any]):
    """Which organization one wants to work in."""

    organization = OwnOrganizationField()


class OrganizationsView(generics.ListCreateAPIView[Organization]):
    """List one's organizations, or found one."""

    permission_classes = [IsAuthenticated]
    serializer_class = OrganizationSerializer
    queryset = Organization.objects.all()

    def get_queryset(self) -> QuerySet[Organization]:
        """Return the user's organizations, to staff all, with the user's role."""
        return with_role(Organization.objects.visible_to(self.request.user), self.request.user)

    def perform_create(self, serializer: serializers.BaseSerializer[Organization]) -> None:
        """Found an organization that the user owns."""
        made = members.found(self.request.user, **serializer.validated_data)
        serializer.instance = with_role(Organization.objects.all(), self.request.user).get(pk=made.pk)


class OrganizationView(APIView):
    """One organization."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=OrganizationDetailSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Show an organization, with what it uses and may use."""
        return _answer(open_organization(request.user, pk), request.user)

    @extend_schema(request=OrganizationSerializer, responses=OrganizationDetailSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Rename an organization, or change who may see its designs. For its owners."""
        organization = open_organization(request.user, pk, Role.OWNER)
        changes = OrganizationSerializer(organization, data=request.data, partial=True)
        changes.is_valid(raise_exception=True)
        # Neither may somebody open to themselves what is closed to them, nor close it to themselves.
        expect_cleared(request.user, organization, Organization(**changes.validated_data))
        # Only what was asked for: staff may change a limit at the same time.
        Organization.objects.filter(pk=organization.pk).update(**changes.validated_data)
        return _answer(organization, request.user)


class CurrentOrganizationView(APIView):
    """The organization one works in: where uploads and series go unless they say otherwise."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=OrganizationDetailSerializer)
    def get(self, request: Request) -> Response:
        """Show the organization one works in."""
        return _answer(request.user.organization, request.user)

    @extend_schema(request=CurrentSerializer, responses=OrganizationDetailSerializer)
    def put(self, request: Request) -> Response:
        """Work in another of one's organizations."""
        wanted = CurrentSerializer(data=request.data, context={"request": request})
        wanted.is_valid(raise_exception=True)
        User.objects.filter(pk=request.user.pk).update(current_organization=wanted.validated_data["organization"])
        return _answer(wanted.validated_data["organization"], request.user)


def with_role(organizations: QuerySet[Organization], user: Any) -> QuerySet[Organization]:
    """Add the role that a user has in each."""
    roles = Membership.objects.filter(organization_id=OuterRef("pk"), user_id=user.pk).values("role")
    return organizations.annotate(role=Subquery(roles))


def _answer(organization: Organization, user: Any) -> Response:
    found = with_role(Organization.objects.all(), user).get(pk=organization.pk)
    return Response(OrganizationDetailSerializer(found).data)

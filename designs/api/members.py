"""Members of organizations, and invitations to join."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from designs import members
from designs.access import open_organization
from designs.models import Invitation, Membership, Role


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    """Somebody who belongs to an organization."""

    username = serializers.CharField(source="user.username", read_only=True)

    class Meta:
        model = Membership
        fields = ["user", "username", "role", "joined"]
        read_only_fields = ["user", "joined"]
        extra_kwargs = {"role": {"required": True}}


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    """Somebody is asked to join an organization."""

    organization_name = serializers.CharField(source="organization.name", read_only=True)

    class Meta:
        model = Invitation
        fields = ["id", "organization", "organization_name", "username", "role", "created", "expires"]
        read_only_fields = ["organization", "expires"]


class MembersView(generics.ListAPIView[Membership]):
    """List the members of an organization."""

    permission_classes = [IsAuthenticated]
    serializer_class = MembershipSerializer
    queryset = Membership.objects.all()

    def get_queryset(self) -> QuerySet[Membership]:
        """Return the members of an organization the user may see."""
        organization = open_organization(self.request.user, self.kwargs["pk"])
        return organization.memberships.select_related("user")


class MemberView(APIView):
    """One member of an organization."""

    permission_classes = [IsAuthenticated]

    @extend_schema(request=MembershipSerializer, responses=MembershipSerializer)
    def patch(self, request: Request, pk: int, user: int) -> Response:
        """Give a member another role. For admins, up to their own role."""
        organization = open_organization(request.user, pk)
        wanted = MembershipSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        changed = members.change_role(organization, request.user, user, Role(wanted.validated_data["role"]))
        return Response(MembershipSerializer(changed).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int, user: int) -> Response:
        """End a membership. For admins, and for oneself."""
        members.remove(open_organization(request.user, pk), request.user, user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class InvitationsView(generics.ListCreateAPIView[Invitation]):
    """List whom an organization has asked to join, or ask somebody. For admins."""

    permission_classes = [IsAuthenticated]
    serializer_class = InvitationSerializer
    queryset = Invitation.objects.all()

    def get_queryset(self) -> QuerySet[Invitation]:
        """Return the open invitations of an organization."""
        organization = open_organization(self.request.user, self.kwargs["pk"], Role.ADMIN)
        return organization.open_invitations().select_related("organization")

    def perform_create(self, serializer: serializers.BaseSerializer[Invitation]) -> None:
        """Ask somebody to join, by user name; they accept or decline."""
        user, wanted = self.request.user, serializer.validated_data
        organization = open_organization(user, self.kwargs["pk"])
        role = Role(wanted.get("role", Role.VIEWER))
        serializer.instance = members.invite(organization, user, wanted["username"], role)


class InvitationView(APIView):
    """One invitation of an organization."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int, invitation: int) -> Response:
        """Take an invitation back. For admins."""
        members.withdraw(open_organization(request.user, pk), request.user, invitation)
        return Response(status=status.HTTP_204_NO_CONTENT)


class OwnInvitationsView(generics.ListAPIView[Invitation]):
    """List to where one is invited."""

    permission_classes = [IsAuthenticated]
    serializer_class = InvitationSerializer
    queryset = Invitation.objects.all()

    def get_queryset(self) -> QuerySet[Invitation]:
        """Return the invitations that the user can accept."""
        return members.invitations_to(self.request.user)


class OwnInvitationView(APIView):
    """One invitation to oneself."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Decline an invitation."""
        members.decline(request.user, pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class AcceptView(APIView):
    """The acceptance of an invitation."""

    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses=MembershipSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Accept an invitation, and be a member."""
        return Response(MembershipSerializer(members.accept(request.user, pk)).data)

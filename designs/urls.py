"""URLs of the monitored service."""

from django.urls import path, register_converter
from django.urls.converters import IntConverter

from .api.designs import DesignDetailView, DesignListView
from .api.members import (
    AcceptView,
    InvitationsView,
    InvitationView,
    MembersView,
    MemberView,
    OwnInvitationsView,
    OwnInvitationView,
)
from .api.organizations import CurrentOrganizationView, OrganizationsView, OrganizationView
from .api.results import BOMView, FinalizeView, GeometryView
from .api.series import SeriesView
from .api.uploads import UploadView


class IdConverter(IntConverter):
    """A whole number that a database can hold."""

    regex = "[0-9]{1,18}"


register_converter(IdConverter, "id")

_ORGANIZATION = "api/organizations/<id:pk>/"

urlpatterns = [
    path("api/designs/upload/", UploadView.as_view(), name="design-upload"),
    path("api/designs/", DesignListView.as_view(), name="design-list"),
    path("api/designs/<uuid:pk>/", DesignDetailView.as_view(), name="design-detail"),
    path("api/designs/<uuid:pk>/bom/", BOMView.as_view(), name="design-bom"),
    path("api/designs/<uuid:pk>/geometry/", GeometryView.as_view(), name="design-geometry"),
    path("api/designs/<uuid:pk>/finalize/", FinalizeView.as_view(), name="design-finalize"),
    path("api/series/", SeriesView.as_view(), name="series-list"),
    path("api/organizations/", OrganizationsView.as_view(), name="organization-list"),
    path("api/organizations/current/", CurrentOrganizationView.as_view(), name="organization-current"),
    path(_ORGANIZATION, OrganizationView.as_view(), name="organization-detail"),
    path(f"{_ORGANIZATION}members/", MembersView.as_view(), name="member-list"),
    path(f"{_ORGANIZATION}members/<id:user>/", MemberView.as_view(), name="member-detail"),
    path(f"{_ORGANIZATION}invitations/", InvitationsView.as_view(), name="invitation-list"),
    path(f"{_ORGANIZATION}invitations/<id:invitation>/", InvitationView.as_view(), name="invitation-detail"),
    path("api/invitations/", OwnInvitationsView.as_view(), name="own-invitation-list"),
    path("api/invitations/<id:pk>/", OwnInvitationView.as_view(), name="own-invitation-detail"),
    path("api/invitations/<id:pk>/accept/", AcceptView.as_view(), name="own-invitation-accept"),
]

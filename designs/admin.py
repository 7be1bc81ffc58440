"""Users, organizations, series and designs in Django's admin."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from .models import Design, Invitation, Membership, Organization, Series, User


@admin.register(User)
class DesignUserAdmin(UserAdmin):
    """Users, with what staff verify about them: who may see what is under ITAR, or secret."""

    fieldsets = (
        *(UserAdmin.fieldsets or ()),
        ("Designs", {"fields": ("us_person", "clearance", "current_organization")}),
    )
    list_filter = (*UserAdmin.list_filter, "us_person", "clearance")
    raw_id_fields = ("current_organization",)


class MembershipInline(admin.TabularInline):
    """The members of an organization."""

    model = Membership
    raw_id_fields = ["user"]
    extra = 0


@admin.register(Organization)
class OrganizationAdmin(admin.ModelAdmin):
    """Organizations, with their limits: staff alone change those."""

    list_display = ["name", "itar", "clearance", "storage_quota", "max_users", "max_designs", "created"]
    list_filter = ["itar", "clearance"]
    search_fields = ["name", "personal_of__username"]
    fields = ["name", "personal_of", "itar", "clearance", "storage_used", "storage_quota", "max_users", "max_designs",
              "max_series", "created"]  # fmt: skip
    readonly_fields = ["personal_of", "storage_used", "created"]
    inlines = [MembershipInline]

    @admin.display(description="storage used")
    def storage_used(self, organization: Organization) -> int:
        """Return how many bytes its files take."""
        return organization.storage_used() if organization.pk else 0


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):
    """Who was asked to join; asking itself is the organizations' business."""

    list_display = ["username", "organization", "role", "invited_by", "created", "expires"]
    list_select_related = ["organization", "invited_by"]
    search_fields = ["username", "organization__name"]
    raw_id_fields = ["organization", "invited_by"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Forbid adding: it would pass over the limit of users."""
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Forbid changing, for the same reason."""
        del request, obj
        return False


@admin.register(Series)
class SeriesAdmin(admin.ModelAdmin):
    """Series, with the number of their last revision."""

    list_display = ["name", "part_number_prefix", "organization", "owner", "last_revision", "created"]
    list_select_related = ["organization", "owner"]
    readonly_fields = ["last_revision", "created"]
    raw_id_fields = ["organization", "owner"]
    search_fields = ["name", "part_number_prefix"]


@admin.register(Design)
class DesignAdmin(admin.ModelAdmin):
    """Designs to look at; what was read from a file is not to be edited, and files come in by upload alone."""

    list_display = ["name", "part_number", "status", "format", "size", "organization", "owner", "created"]
    list_filter = ["status", "format", "itar", "clearance"]
    list_select_related = ["organization", "owner"]
    search_fields = ["name", "part_number", "sha256"]
    fields = ["name", "organization", "owner", "itar", "clearance", "part_number", "series", "revision", "status",
              "failure", "error_message", "format", "size", "sha256", "finalized", "finalized_by", "geometry", "bom",
              "created", "updated"]  # fmt: skip
    readonly_fields = [name for name in fields if name not in {"name", "owner", "itar", "clearance"}]
    raw_id_fields = ["owner"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Forbid adding: a design without its upload would never be read."""
        del request
        return False

    def save_model(self, request: HttpRequest, obj: Design, form: Any, change: bool) -> None:
        """Save what was changed alone: a worker may be writing what it has read."""
        del request, change
        obj.save(update_fields=[*form.changed_data, "updated"])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Design]:
        """Leave the large results in the database until one design is opened."""
        return super().get_queryset(request).defer("geometry", "bom")

"""Users, series and designs in Django's admin."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from .models import Design, Series, User

admin.site.register(User, UserAdmin)


@admin.register(Series)
class SeriesAdmin(admin.ModelAdmin):
    """Series, with the number of their last revision."""

    list_display = ["name", "part_number_prefix", "owner", "last_revision", "created"]
    list_select_related = ["owner"]
    readonly_fields = ["last_revision", "created"]
    raw_id_fields = ["owner"]
    search_fields = ["name", "part_number_prefix"]


@admin.register(Design)
class DesignAdmin(admin.ModelAdmin):
    """Designs to look at; what was read from a file is not to be edited, and files come in by upload alone."""

    list_display = ["name", "status", "format", "size", "owner", "created"]
    list_filter = ["status", "format"]
    list_select_related = ["owner"]
    search_fields = ["name", "sha256"]
    fields = ["name", "owner", "series", "revision", "status", "error_message", "format", "size", "sha256",
              "geometry", "bom", "created", "updated"]  # fmt: skip
    readonly_fields = [name for name in fields if name not in {"name", "owner"}]
    raw_id_fields = ["owner"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Forbid adding: a design without its upload would never be read."""
        del request
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Design]:
        """Leave the large results in the database until one design is opened."""
        return super().get_queryset(request).defer("geometry", "bom")

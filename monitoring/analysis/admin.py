"""What the analysis adds to admin pages of slices below it.

A group's page shows after which release it began, and what its errors have in common.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import DatabaseError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from monitoring.access.admin import ReadOnlyAdmin
from monitoring.analysis.releases.models import ReleaseMark
from monitoring.analysis.suspects import group as suspects
from monitoring.errors.groups.admin import ErrorGroupAdmin
from monitoring.errors.groups.models import ErrorGroup

admin.site.unregister(ErrorGroup)


@admin.register(ErrorGroup)
class AnalysedGroupAdmin(ErrorGroupAdmin):
    """Groups, with what the analysis concludes of each."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Add the conclusions below what happened."""
        first, *others = super().get_fieldsets(request, obj)
        return [first, ("Analysis", {"fields": ["conclusions"]}), *others]

    @admin.display(description="conclusions")
    def conclusions(self, group: ErrorGroup) -> SafeString:
        """Show after which release it began, and what its errors have in common that others have not."""
        try:
            found = suspects.findings(group.pk, alias=group._state.db)
        except (DatabaseError, suspects.UnknownError):  # the rest of the page is of use without
            return format_html("<div>{}</div>", "They could not be read.")
        said = [f"It {found.began.words}."] if found.began is not None else []
        said += [f"{one.words}; by chance p = {one.chance:.1g}." for one in found.suspects]
        if not found.suspects:
            said.append(found.note or "Its errors have nothing in common that others have not.")
        return format_html(
            '{}<div><a href="{}">in figures</a></div>',
            format_html_join("", "<div>{}</div>", [[one] for one in said]),
            reverse("monitoring:group-suspects", args=[group.pk]),
        )


@admin.register(ReleaseMark)
class ReleaseMarkAdmin(ReadOnlyAdmin):
    """Releases that were marked."""

    list_display = ["release", "service", "environment", "at", "url", "who"]
    list_filter = ["service", "environment"]
    search_fields = ["release"]

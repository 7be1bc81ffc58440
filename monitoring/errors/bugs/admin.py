"""Admin pages of known bugs. People resolve and rename them here; all else the platform writes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from monitoring.errors.groups.locking import RefusedError, UnknownGroupError

from . import resolving
from .desk import desk
from .models import KnownBug
from .retrying import retry

_WRITABLE = ("title", "severity")


@admin.register(KnownBug)
class KnownBugAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """Bugs, the newest first. Deleting one hides it: its errors make no other one."""

    list_display = ["bug_id", "title", "severity", "status", "occurrence_count", "last_occurrence", "waits"]
    list_filter = ["severity", "status"]
    search_fields = ["bug_id", "title", "description"]
    actions = ["mark_resolved", "create_github_issue"]
    ordering = ["-number"]
    list_per_page = 50
    show_full_result_count = False
    readonly_fields = [
        *(field.name for field in KnownBug._meta.fields if field.name not in (*_WRITABLE, "id", "number")),
        "waits",
    ]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Nobody adds rows by hand: a bug is made of a group of errors."""
        return False

    def save_model(self, request: HttpRequest, obj: KnownBug, form: Any, change: bool) -> None:
        """Write what was changed and nothing else: counts go on meanwhile."""
        del request, change
        obj.save(update_fields=[*form.changed_data, "modified"])

    @admin.display(description="Waits for")
    def waits(self, bug: KnownBug) -> str:
        """Say what is still to be made, and what was in the way."""
        why = " ".join(filter(None, (bug.file_problem, bug.issue_problem)))
        return f"{', '.join(bug.pending)} {f'({why})' if why else ''}".strip() if bug.pending else ""

    @admin.action(description="Mark selected bugs as resolved", permissions=["change"])
    def mark_resolved(self, request: HttpRequest, queryset: QuerySet[KnownBug]) -> None:
        """Resolve bugs, and the groups of their errors with them."""
        user: Any = request.user
        try:
            changed = resolving.resolve(list(queryset.select_related("group__merged_into")), user)
        except (RefusedError, UnknownGroupError) as error:
            self.message_user(request, f"Nothing was changed: {error}", messages.ERROR)
            return
        self.message_user(request, f"{changed} bug(s) are resolved. They open again when their errors occur again.")

    @admin.action(description="Create the issues, and the files, that selected bugs lack", permissions=["change"])
    def create_github_issue(self, request: HttpRequest, queryset: QuerySet[KnownBug]) -> None:
        """Have what bugs lack made with the next run."""
        used = desk()
        lacking = retry(list(queryset.values_list("bug_id", flat=True)), used)
        if used.tracker is None:
            text = "No issues are opened: ERROR_TRACKING['GITHUB_REPO'] is not set."
            self.message_user(request, text, messages.WARNING)
        if lacking:
            self.message_user(request, f"What {lacking} bug(s) lack is made within ten seconds.")
        elif used.tracker is not None:
            self.message_user(request, "The selected bugs lack nothing.")

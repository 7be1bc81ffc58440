"""Admin pages of known bugs. People resolve and rename them here; all else the platform writes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from monitoring.access.admin import counted
from monitoring.errors.groups.locking import RefusedError, UnknownGroupError
from monitoring.errors.groups.models import ErrorGroup

from . import resolving
from .desk import desk
from .models import KnownBug
from .retrying import retry

_WRITABLE = ("title", "severity")
_STEPS: list[str | list[str] | tuple[str, ...] | tuple[()]] = [
    "fingerprint", "tracker", "issue_key", "github_issue_number", "issue_tried", "issue_opened", "regressions_told",
    "attempts", "file_due", "file_problem", "issue_due", "issue_problem", "lease_until", "modified", "deleted_at",
]  # fmt: skip


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
        "errors",
        "shown_description",
    ]
    fieldsets = [
        (None, {"fields": ["bug_id", "title", "severity", "status", "service", "group", "errors"]}),
        ("Occurrences", {"fields": ["occurrence_count", "last_occurrence", "created", "resolved_at", "regressions"]}),
        ("Where it is written down", {"fields": ["github_issue_url", "file_path", "waits"]}),
        ("Description", {"fields": ["shown_description"]}),
        ("Steps of filing it", {"fields": _STEPS, "classes": ["collapse"]}),
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

    @admin.display(description="errors")
    def errors(self, bug: KnownBug) -> SafeString | str:
        """Lead to the errors of its group, with those of what is merged into that."""
        if bug.group_id is None:
            return "-"
        members = ErrorGroup.objects.filter(merged_into=bug.group_id).order_by("pk").values_list("pk", flat=True)
        page, family = reverse("admin:monitoring_errorlog_changelist"), [bug.group_id, *members]
        return format_html('<a href="{}?group__in={}">all errors</a>', page, ",".join(map(str, family)))

    @admin.display(description="description")
    def shown_description(self, bug: KnownBug) -> SafeString | str:
        """Show the lines as lines."""
        lines = '<pre style="white-space: pre-wrap; overflow-wrap: anywhere; margin: 0">{}</pre>'
        return format_html(lines, bug.description) if bug.description else "-"

    @admin.action(description="Mark selected bugs as resolved", permissions=["change"])
    def mark_resolved(self, request: HttpRequest, queryset: QuerySet[KnownBug]) -> None:
        """Resolve bugs, and the groups of their errors with them."""
        user: Any = request.user
        try:
            changed = resolving.resolve(list(queryset.select_related("group__merged_into")), user)
        except (RefusedError, UnknownGroupError) as error:
            self.message_user(request, f"Nothing was changed: {error}", messages.ERROR)
            return
        self.message_user(request, f"Resolved {counted(changed, 'bug')}. A bug opens again when its errors come back.")

    @admin.action(description="Create the issues, and the files, that selected bugs lack", permissions=["change"])
    def create_github_issue(self, request: HttpRequest, queryset: QuerySet[KnownBug]) -> None:
        """Have what bugs lack made with the next run."""
        used = desk()
        lacking = retry(list(queryset.values_list("bug_id", flat=True)), used)
        if used.tracker is None:
            text = "No issues are opened: ERROR_TRACKING['GITHUB_REPO'] is not set."
            self.message_user(request, text, messages.WARNING)
        if lacking:
            self.message_user(request, f"What is missing of {counted(lacking, 'bug')} is made within ten seconds.")
        elif used.tracker is not None:
            self.message_user(request, "The selected bugs lack nothing.")

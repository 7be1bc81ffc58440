"""Admin page of incidents: it shows them with their histories, and lets people decide about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.views.decorators.http import require_POST

from monitoring.access.admin import ReadOnlyAdmin, counted
from monitoring.alerts.silences import actions as silences
from monitoring.alerts.silences.matchers import MatcherError

from . import actions
from .models import Evaluation, Incident, IncidentEntry, IncidentState, RuleTrouble

_SHOWN_ENTRIES = 100
_HOUR = 3_600
_ONE = "admin:monitoring_incident_change"
_SILENCE = (("silence_for_an_hour", "Silence for an hour"), ("silence_for_a_day", "Silence for a day"))
_DECISIONS = {
    IncidentState.FIRING: (("acknowledge", "Acknowledge"), *_SILENCE, ("resolve", "Resolve")),
    IncidentState.ACKNOWLEDGED: (("unacknowledge", "Not acknowledged"), *_SILENCE, ("resolve", "Resolve")),
    IncidentState.PENDING: _SILENCE,
}
"""What can be decided about an incident on its page, by its state."""
_REFUSALS = (actions.RefusedError, actions.UnknownIncidentError, MatcherError)


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    """Incidents, the latest first; those that are not over are found by their state."""

    list_display = ["summary", "state", "severity", "rule_name", "count", "started", "fired", "resolved", "quiet"]
    list_filter = ["state", "severity", "silenced", "inhibited", "flapping", "started"]
    list_select_related = False
    search_fields = ["summary", "rule_name", "key"]
    actions = ["acknowledge", "unacknowledge", "silence_for_an_hour", "silence_for_a_day", "resolve"]
    show_facets = admin.ShowFacets.NEVER
    fieldsets = [
        (None, {"fields": ["summary", "state", "severity", "rule", "rule_name", "labels"]}),
        ("Times", {"fields": ["started", "fired", "last_active", "absent_since", "resolved"]}),
        ("What was found", {"fields": ["value", "count", "evidence"]}),
        ("Who looks after it", {"fields": ["acknowledged_by", "acknowledged_at"]}),
        (
            "Who is not told",
            {"fields": ["flapping", "silenced", "silence", "maintenance", "inhibited", "inhibited_by"]},
        ),
        ("Who was told", {"fields": ["told"]}),
        ("History", {"fields": ["history"]}),
    ]
    readonly_fields = ["told", "history"]

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Deciding about incidents is what changing them means."""
        return request.user.has_perm("monitoring.change_incident")

    def get_urls(self) -> list[URLPattern]:
        """Add where comments are sent."""
        to = self.admin_site.admin_view(require_POST(self.add_comment))
        return [path("<int:pk>/comment/", to, name="monitoring_incident_comment"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show an incident, with what can be decided about it now by whom it is shown to."""
        may = self.has_decide_permission(request)
        found = self.get_object(request, object_id) if may else None
        given = {"may_decide": may, "decisions": _DECISIONS.get(found.state, ()) if found is not None else ()}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **given})

    def add_comment(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Add a comment to the history of an incident.

        Raises:
            PermissionDenied: The user may only look.
        """
        if not self.has_decide_permission(request):
            raise PermissionDenied
        text = request.POST.get("text", "").strip()
        try:
            if text:
                actions.comment(pk, text, request.user.get_username())
        except (*_REFUSALS, OverflowError) as error:
            self.message_user(request, f"Nothing was changed: {error}", messages.ERROR)
        return HttpResponseRedirect(reverse(_ONE, args=[pk]))

    @admin.display(description="told")
    def told(self, incident: Incident) -> SafeString:
        """Show who was told what, and who is to be, the latest first."""
        rows = incident.deliveries.order_by("-created", "-pk")[:_SHOWN_ENTRIES]
        lines = format_html_join(
            "",
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            (
                (f"{localtime(one.created):%Y-%m-%d %H:%M:%S}", one.kind, one.label, one.state, one.last_error)
                for one in rows
            ),
        )
        if not lines:
            return format_html("{}", "nobody")
        return format_html(
            "<table><tr><th>When</th><th>What</th><th>Whom</th><th>State</th><th>Problem</th></tr>{}</table>", lines
        )

    @admin.display(description="told", boolean=True)
    def quiet(self, incident: Incident) -> bool:
        """Show whether people are told of it."""
        return not incident.muted

    @admin.display(description="history")
    def history(self, incident: Incident) -> SafeString:
        """Show what became of it, the latest first."""
        entries = IncidentEntry.objects.using(incident._state.db).filter(incident=incident.pk)[:_SHOWN_ENTRIES]
        lines = format_html_join(
            "",
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            ((f"{localtime(one.at):%Y-%m-%d %H:%M:%S}", one.kind, one.who, _told(one)) for one in entries),
        )
        return format_html("<table><tr><th>When</th><th>What</th><th>Who</th><th></th></tr>{}</table>", lines)

    @admin.action(description="Acknowledge selected incidents", permissions=["decide"])
    def acknowledge(self, request: HttpRequest, queryset: QuerySet[Incident]) -> HttpResponse | None:
        """Say that the user looks after incidents."""
        return self._decide(request, queryset, actions.acknowledge, "Acknowledged")

    @admin.action(description="Take acknowledgements of selected incidents back", permissions=["decide"])
    def unacknowledge(self, request: HttpRequest, queryset: QuerySet[Incident]) -> HttpResponse | None:
        """Say that nobody looks after incidents."""
        return self._decide(request, queryset, actions.unacknowledge, "No longer acknowledged:")

    @admin.action(description="Silence selected incidents for an hour", permissions=["decide"])
    def silence_for_an_hour(self, request: HttpRequest, queryset: QuerySet[Incident]) -> HttpResponse | None:
        """Tell nobody of incidents for an hour."""
        return self._decide(
            request, queryset, lambda pk, who: bool(silences.silence_incident(pk, _HOUR, who)), "Silenced"
        )

    @admin.action(description="Silence selected incidents for a day", permissions=["decide"])
    def silence_for_a_day(self, request: HttpRequest, queryset: QuerySet[Incident]) -> HttpResponse | None:
        """Tell nobody of incidents for a day."""
        day = 24 * _HOUR
        return self._decide(
            request, queryset, lambda pk, who: bool(silences.silence_incident(pk, day, who)), "Silenced"
        )

    @admin.action(description="Resolve selected incidents of events", permissions=["decide"])
    def resolve(self, request: HttpRequest, queryset: QuerySet[Incident]) -> HttpResponse | None:
        """Say that incidents are over."""
        return self._decide(request, queryset, actions.resolve, "Resolved")

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[Incident],
        decide: Callable[[int, str], bool],
        done: str,
    ) -> HttpResponse | None:
        """Decide about each by itself, say what was done and what was refused, and lead back to where it was asked."""
        changed, refused = 0, dict[str, int]()
        for pk in queryset.order_by("pk").values_list("pk", flat=True):
            try:
                changed += decide(pk, request.user.get_username())
            except _REFUSALS as error:
                refused[str(error)] = refused.get(str(error), 0) + 1
        if changed or not refused:
            self.message_user(request, f"{done} {counted(changed, 'incident')}.")
        for reason, number in refused.items():
            self.message_user(request, f"{counted(number, 'incident')} not changed: {reason}", messages.ERROR)
        of = request.POST.get("of", "")
        return HttpResponseRedirect(reverse(_ONE, args=[of])) if of.isascii() and of.isdecimal() else None


@admin.register(RuleTrouble)
class RuleTroubleAdmin(ReadOnlyAdmin):
    """Rules that cannot be evaluated, or once could not."""

    list_display = ["rule_name", "since", "failures", "error"]
    search_fields = ["rule_name", "error"]
    ordering = ["-since", "rule_name"]


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    """How the last evaluation of all rules went."""

    list_display = ["completed", "seconds", "rules", "failing", "watchdog_answered", "watchdog_problem"]


def _told(entry: IncidentEntry) -> str:
    """Return what belongs to an entry, as a line."""
    if "text" in entry.detail:
        return str(entry.detail["text"])
    return ", ".join(f"{name}: {value}" for name, value in entry.detail.items())

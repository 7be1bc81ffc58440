"""Asks on GET and acts on POST: scanners of mails follow every link, and decide nothing by that.

There is no login and no session: the signed address is what entitles its reader, to one action on one incident. So
there is nothing that a forged request could abuse, and no CSRF token: who could send one has the address, and may act.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import router, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from monitoring.alerts import links
from monitoring.alerts.incidents import actions
from monitoring.alerts.incidents.models import Incident, IncidentState
from monitoring.alerts.links import Act
from monitoring.alerts.silences.actions import matchers_of, silence_incident
from monitoring.alerts.silences.models import Silence
from monitoring.answers import page

from . import sentences
from .sentences import Said

DURATIONS = {3_600: "an hour", 4 * 3_600: "4 hours", 86_400: "a day", 7 * 86_400: "a week"}
"""For how long one can silence, in seconds."""
_USUAL = 3_600
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": page.POLICY.replace("form-action 'none'", "form-action 'self'"),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


@method_decorator([csrf_exempt, transaction.non_atomic_requests], name="dispatch")
class ActView(View):
    """The page of one link. Doing the same again changes nothing, and says so."""

    http_method_names = ["get", "head", "post"]

    def get(self, _request: HttpRequest, token: str) -> HttpResponse:
        """Show what the incident is, and ask."""
        found = _found(token)
        if isinstance(found, Said):
            return _answer(found)
        act, incident = found
        return _answer(_closed(act, incident) or sentences.question(act, incident, DURATIONS))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Do it."""
        found = _found(token)
        if isinstance(found, Said):
            return _answer(found)
        act, incident = found
        if closed := _closed(act, incident):
            return _answer(closed)
        try:
            return _answer(_done(act, incident, request.POST.get("seconds", "")))
        except actions.UnknownIncidentError:
            return _answer(sentences.GONE)
        except actions.RefusedError:  # it changed between the look and the act
            incident.refresh_from_db()
            return _answer(_closed(act, incident) or sentences.REFUSED)


def _found(token: str) -> tuple[Act, Incident] | Said:
    try:
        act = links.read(token)
    except links.ExpiredError:
        return sentences.EXPIRED
    except links.InvalidError:
        return sentences.INVALID
    incident = Incident.objects.using(router.db_for_write(Incident)).filter(pk=act.incident_id).first()
    return (act, incident) if incident is not None else sentences.GONE


def _closed(act: Act, incident: Incident) -> Said | None:
    """Say that there is nothing left to do; None where there is."""
    if incident.state == IncidentState.RESOLVED:
        return sentences.over(incident)
    if act.action == "acknowledge" and incident.state == IncidentState.ACKNOWLEDGED:
        return sentences.acknowledged(incident)
    return None


def _done(act: Act, incident: Incident, given: str) -> Said:
    who = f"{act.who or 'somebody'} (by a link)"
    if act.action == "acknowledge":
        actions.acknowledge(incident.pk, who)
        incident.refresh_from_db()
        return sentences.acknowledged(incident)
    seconds = int(given) if given.isdecimal() and int(given[:9]) in DURATIONS else _USUAL
    until = _silenced_until(incident, who)
    if until is None or until < datetime.now(UTC) + timedelta(seconds=seconds - 60):
        until = silence_incident(incident.pk, seconds, who).ends
    return sentences.silenced(incident, until)


def _silenced_until(incident: Incident, who: str) -> datetime | None:
    """Return until when the same reader has silenced the incident already, so that a second click adds nothing."""
    meant = matchers_of(incident)
    rows = Silence.objects.using(router.db_for_write(Silence)).filter(who=who, ends__gt=datetime.now(UTC))
    ends = [row.ends for row in rows if row.matchers == meant]
    return max(ends, default=None)


def _answer(said: Said) -> HttpResponse:
    body = page.render(said.title, said.text, said.more)
    response = HttpResponse(body, status=said.status, headers=_HEADERS)
    # Who opens an old link is no error of anybody's.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response

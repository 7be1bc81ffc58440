"""Asks on GET and acts on POST: scanners of mails follow every link, and decide nothing by that.

There is no login and no session: the signed address is what entitles its reader, to one action on one incident. So
there is nothing that a forged request could abuse, and no CSRF token: who could send one has the address, and may act.
For the same reason no address is written to a log, as Django does with those that are answered with an error.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import router, transaction
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from monitoring.alerts import links
from monitoring.alerts.incidents import actions
from monitoring.alerts.incidents.models import Incident, IncidentState
from monitoring.alerts.links import Act
from monitoring.alerts.silences.actions import matchers_of, silence_incident
from monitoring.alerts.silences.matchers import MatcherError
from monitoring.alerts.silences.models import Silence
from monitoring.answers import page

from . import sentences
from .sentences import Said

_logger = logging.getLogger(__name__)
DURATIONS = {3_600: "an hour", 4 * 3_600: "4 hours", 86_400: "a day", 7 * 86_400: "a week"}
"""For how long one is asked to silence, in seconds."""
_LEAST, _MOST = 60, 7 * 86_400
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

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer, whatever happens."""
        try:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]
        except (BadRequest, SuspiciousOperation, MultiPartParserError):
            return _answer(sentences.UNREADABLE)
        except Exception:
            _logger.exception("What a link in a message asks for could not be done")
            return _answer(sentences.FAILED)

    def http_method_not_allowed(  # type: ignore[override]  # Django passes the request by its place
        self, _request: HttpRequest, *_args: Any, **_kwargs: Any
    ) -> HttpResponse:
        """Say which methods there are."""
        answer = _answer(sentences.OTHER_METHOD)
        answer["Allow"] = ", ".join(method.upper() for method in self.http_method_names)
        return answer

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
        except MatcherError as error:
            return _answer(sentences.not_silenced(error))


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
    seconds = _seconds(given)
    if seconds is None:
        return sentences.no_time(act, incident, DURATIONS)
    until = _silenced_until(incident, who)
    if until is None or until < datetime.now(UTC) + timedelta(seconds=seconds - 60):
        until = silence_incident(incident.pk, seconds, who).ends
    return sentences.silenced(incident, until)


def _seconds(given: str) -> int | None:
    """Read for how long; None for what is no time from a minute to a week."""
    if not (given.isascii() and given.isdigit() and len(given) <= len(str(_MOST))):
        return None
    return seconds if _LEAST <= (seconds := int(given)) <= _MOST else None


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

"""What the page behind a link says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from monitoring.alerts.channels import texts
from monitoring.alerts.incidents.models import Incident
from monitoring.alerts.links import LIFE, Act

_ASK = "Sign in to Enginel to see what goes on."


@dataclass(frozen=True)
class Said:
    """A page.

    Attributes:
        title: What stands above the text.
        text: What is told.
        more: Further paragraphs, as HTML.
        status: Of the answer.
    """

    title: str
    text: str
    more: str | SafeString = ""
    status: int = 200


INVALID = Said("This link does not work", f"It is incomplete, or was not made here. {_ASK}", status=404)
EXPIRED = Said("This link has expired", f"Links in messages work for {LIFE.days} days. {_ASK}", status=410)
GONE = Said("There is no such incident any more", f"It was over long ago. {_ASK}", status=410)
REFUSED = Said("That is not possible right now", f"The incident has changed. {_ASK}", status=409)
UNREADABLE = Said("That cannot be read", "Open the link again, and use its button.", status=400)
OTHER_METHOD = Said("This link is to be opened", "Open it in a browser, and use its button.", status=405)
FAILED = Said("That did not work", f"Try again in a minute; the link still works. {_ASK}", status=503)


def question(act: Act, incident: Incident, durations: Mapping[int, str]) -> Said:
    """Ask whether to do it."""
    if act.action == "acknowledge":
        text = "Acknowledge it when you look after it: it is not escalated then."
        return Said("Do you look after this?", text, _about(incident) + _form("Acknowledge"))
    options = format_html_join("", '<option value="{}">{}</option>', durations.items())
    choice = format_html('<label>For <select name="seconds">{}</select></label> ', options)
    text = "Nobody hears of it in the meantime, whatever becomes of it."
    return Said("Do you want it to be silent?", text, _about(incident) + _form("Silence", choice))


def no_time(act: Act, incident: Incident, durations: Mapping[int, str]) -> Said:
    """Say that it cannot be silent for so long, and ask again."""
    asked = question(act, incident, durations)
    return replace(asked, title="For how long?", text="It can be silent for a minute to a week.", status=400)


def not_silenced(error: Exception) -> Said:
    """Say that there can be no silence for it."""
    return Said("That cannot be silenced", f"{error} {_ASK}", status=409)


def acknowledged(incident: Incident) -> Said:
    """Say who is on it."""
    by = texts.line(incident.acknowledged_by, 150) or "Somebody"
    return Said("Acknowledged", f"{by} looks after this. It is not escalated.", _about(incident))


def silenced(incident: Incident, until: datetime) -> Said:
    """Say until when nobody hears of it."""
    return Said("Silenced", f"Nobody hears of this until {texts.moment(until)}.", _about(incident))


def over(incident: Incident) -> Said:
    """Say that it is resolved."""
    when = f", since {texts.moment(incident.resolved)}" if incident.resolved is not None else ""
    return Said(
        "This is over already", f"The incident is resolved{when}. There is nothing left to do.", _about(incident)
    )


def _about(incident: Incident) -> SafeString:
    severity = texts.line(incident.severity, 20).capitalize()
    summary = texts.line(incident.summary or incident.rule_name, 500)
    since = texts.moment(incident.started)
    return format_html('<p class="known"><strong>{}</strong>: {}<br>since {}</p>\n', severity, summary, since)


def _form(label: str, choice: str | SafeString = "") -> SafeString:
    return format_html('<form method="post">{}<button type="submit">{}</button></form>\n', choice, label)

"""Making and ending silences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.alerts.incidents.actions import UnknownIncidentError
from monitoring.alerts.incidents.models import Incident
from monitoring.alerts.silences import actions
from monitoring.alerts.silences.matchers import MatcherError, all_meet, labels_of, parse
from monitoring.alerts.silences.models import Silence

pytestmark = pytest.mark.django_db
MATCHERS = [{"name": "service", "op": "=", "value": "shop"}]


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize(
    ("starts", "ends"), [(0, 0), (10, 5), (-100, -50), (0, 400 * 86_400)], ids=["no time", "turned", "past", "for ever"]
)
def test_a_silence_has_an_end_within_a_year(starts: float, ends: float) -> None:
    now = _now()
    with pytest.raises(MatcherError):
        actions.create(MATCHERS, now + timedelta(seconds=starts), now + timedelta(seconds=ends), "", "Ada")


def test_an_incident_is_silenced_by_its_rule_and_labels() -> None:
    labels = {"route": "GET api/(x)/", "service": "shop"}
    row = Incident.objects.create(
        rule_name="Errors", key="k", labels=labels, severity="high", started=_now(), last_active=_now(), summary="sum"
    )
    silence = actions.silence_incident(row.pk, 600, "Ada" * 100)
    assert timedelta(seconds=590) < silence.ends - _now() < timedelta(seconds=601)
    assert (silence.comment, len(silence.who)) == ("sum", 150)
    matchers = parse(silence.matchers)
    assert all_meet(matchers, labels_of(labels, "Errors", "low", "health"))
    assert not all_meet(matchers, labels_of(labels, "Other", "high", "health"))
    assert not all_meet(matchers, labels_of({**labels, "service": "web"}, "Errors", "high", "health"))
    for seconds in (0, -5, 1e12, float("nan")):
        with pytest.raises(MatcherError):
            actions.silence_incident(row.pk, seconds, "Ada")
    with pytest.raises(UnknownIncidentError):
        actions.silence_incident(row.pk + 1, 600, "Ada")


@pytest.mark.parametrize("name", ["rule", "severity", "kind"])
def test_a_label_that_is_called_as_what_its_rule_says_keeps_no_incident_from_being_silenced(name: str) -> None:
    labels = {name: "page", "service": "shop"}
    row = Incident.objects.create(
        rule_name="Errors", key="k", labels=labels, severity="high", started=_now(), last_active=_now()
    )
    matchers = parse(actions.silence_incident(row.pk, 600, "Ada").matchers)
    assert all_meet(matchers, labels_of(labels, "Errors", "high", "health"))


def test_a_silence_is_ended_once_by_whoever_is_first() -> None:
    now = _now()
    begun = actions.create(MATCHERS, now, now + timedelta(hours=1), "", "Ada")
    waiting = actions.create(MATCHERS, now + timedelta(hours=1), now + timedelta(hours=2), "", "Ada")
    for silence in (begun, waiting):
        assert actions.end(silence.pk, "Grace")
        assert not actions.end(silence.pk, "Ada")
        silence.refresh_from_db()
        assert silence.ended_by == "Grace"
        assert silence.starts <= silence.ends <= _now()
    assert not Silence.objects.filter(ends__gt=_now()).exists()
    assert not actions.end(999_999, "Ada")

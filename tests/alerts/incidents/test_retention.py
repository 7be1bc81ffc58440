"""What was over long ago goes, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.alerts.incidents import history
from monitoring.alerts.incidents.models import Incident, IncidentEntry, RuleTrouble, TransitionKind, TransitionTotal
from monitoring.alerts.incidents.retention import prune
from monitoring.alerts.rules.models import AlertRule
from monitoring.alerts.silences.models import Silence
from monitoring.conf import get_config

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=91)


def incident(key: str, **values: Any) -> Incident:
    given = {"rule_name": "r", "severity": "high", "started": LONG_AGO, "last_active": LONG_AGO, "state": "firing"}
    made = Incident.objects.create(**{**given, "key": key, **values})
    history.write([history.entry(made, TransitionKind.FIRING, LONG_AGO)], "default")
    return made


def test_incidents_go_with_their_histories_and_are_still_counted() -> None:
    old = incident("old", state="resolved", resolved=LONG_AGO)
    kept = {incident("open", inhibited_by=old).pk, incident("late", state="resolved", resolved=NOW).pk}
    # Its rule still finds it, and would open another one.
    kept.add(incident("spent", state="resolved", resolved=LONG_AGO, spent=True).pk)
    prune(get_config())
    assert set(Incident.objects.values_list("pk", flat=True)) == kept
    assert set(IncidentEntry.objects.values_list("incident", flat=True)) == kept
    assert Incident.objects.get(key="open").inhibited_by_id is None
    assert TransitionTotal.objects.get(kind="firing").count == 4


def test_silences_that_ended_and_troubles_of_rules_that_are_gone_go() -> None:
    for ends in (LONG_AGO, NOW):
        Silence.objects.create(starts=LONG_AGO, ends=ends, who="ada", created=LONG_AGO)
    AlertRule.objects.create(name="there", kind="health")
    for name, since in (("there", None), ("gone", None), ("failing", NOW)):
        RuleTrouble.objects.create(rule_name=name, failures=1, since=since)
    prune(get_config())
    assert Silence.objects.get().ends == NOW
    assert set(RuleTrouble.objects.values_list("rule_name", flat=True)) == {"there", "failing"}

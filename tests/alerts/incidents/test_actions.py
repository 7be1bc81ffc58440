"""What people decide about incidents."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitoring.alerts.incidents import actions
from monitoring.alerts.incidents.models import Incident, IncidentEntry

pytestmark = pytest.mark.django_db


def incident(state: str = "firing", **values: Any) -> Incident:
    now = datetime.now(UTC)
    given = {"rule_name": "r", "key": "k", "severity": "high", "started": now, "fired": now, "last_active": now}
    return Incident.objects.create(**{**given, "state": state, **values})


def told(row: Incident) -> list[tuple[str, str]]:
    return list(IncidentEntry.objects.filter(incident=row).order_by("pk").values_list("kind", "who"))


def test_who_acknowledges_is_written_down_once() -> None:
    row = incident()
    assert actions.acknowledge(row.pk, "Ada")
    assert not actions.acknowledge(row.pk, "Grace")
    row.refresh_from_db()
    assert (row.state, row.acknowledged_by, row.version) == ("acknowledged", "Ada", 2)
    assert row.acknowledged_at is not None
    assert told(row) == [("acknowledged", "Ada")]


def test_an_acknowledgement_is_taken_back() -> None:
    row = incident()
    actions.acknowledge(row.pk, "Ada")
    assert actions.unacknowledge(row.pk, "Grace")
    assert not actions.unacknowledge(row.pk, "Grace")
    row.refresh_from_db()
    assert (row.state, row.acknowledged_by, row.acknowledged_at) == ("firing", "", None)
    assert told(row) == [("acknowledged", "Ada"), ("unacknowledged", "Grace")]


@pytest.mark.parametrize("state", ["pending", "resolved"])
def test_what_does_not_fire_is_not_acknowledged(state: str) -> None:
    row = incident(state)
    for action in (actions.acknowledge, actions.unacknowledge):
        with pytest.raises(actions.RefusedError):
            action(row.pk, "Ada")
    assert told(row) == []


def test_who_looked_at_another_version_decides_nothing() -> None:
    row = incident()
    with pytest.raises(actions.ChangedError):
        actions.acknowledge(row.pk, "Ada", version=7)
    assert actions.acknowledge(row.pk, "Ada", version=1)


def test_an_event_is_resolved_by_hand_and_a_state_that_lasts_is_not() -> None:
    event, lasting = incident(event=True), incident(key="l")
    assert actions.resolve(event.pk, "Ada")
    assert not actions.resolve(event.pk, "Ada")
    event.refresh_from_db()
    assert (event.state, event.spent) == ("resolved", True)
    assert told(event) == [("resolved", "Ada")]
    with pytest.raises(actions.RefusedError, match="still finds it"):
        actions.resolve(lasting.pk, "Ada")
    with pytest.raises(actions.RefusedError, match="pending"):
        actions.resolve(incident("pending", key="p").pk, "Ada")


def test_what_is_only_kept_firing_is_resolved_by_hand() -> None:
    row = incident(absent_since=datetime.now(UTC))
    assert actions.resolve(row.pk, "Ada")
    row.refresh_from_db()
    assert not row.spent


def test_a_comment_sent_twice_is_written_once() -> None:
    row = incident()
    first = actions.comment(row.pk, "looking\0 at it", "Ada")
    assert actions.comment(row.pk, "looking\0 at it", "Ada").pk == first.pk
    assert actions.comment(row.pk, "looking at it", "Grace").pk != first.pk
    assert [kind for kind, _ in told(row)] == ["comment", "comment"]


def test_an_incident_that_is_not_there_is_unknown() -> None:
    for call in (
        lambda: actions.acknowledge(1, "Ada"),
        lambda: actions.resolve(1, "Ada"),
        lambda: actions.comment(1, "x", "Ada"),
    ):
        with pytest.raises(actions.UnknownIncidentError):
            call()

"""Evaluating all rules: what becomes of incidents, and that nothing stands in the way of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DataError, OperationalError, connection
from django.test.utils import CaptureQueriesContext

from monitoring.alerts.deliveries.planning import plan
from monitoring.alerts.incidents import actions, writing
from monitoring.alerts.incidents.models import Evaluation, Incident, IncidentEntry, RuleTrouble, TransitionTotal
from monitoring.alerts.rules.models import AlertRule
from monitoring.alerts.rules.samples import Sample
from monitoring.alerts.silences import actions as silences
from monitoring.alerts.silences.models import Inhibition, MaintenanceWindow
from monitoring.conf import get_config
from tests.alerts.stage import Stage

States = Callable[[], dict[str, str]]
Told = Callable[[], list[str]]


def test_each_set_of_labels_is_an_incident_that_fires_and_is_over(stage: Stage, states: States, told: Told) -> None:
    rule = stage.rule()
    stage.finds(rule, "a", "b")
    done = stage.evaluate()
    assert done is not None
    assert (done.rules, done.failing, done.written) == (1, 0, 2)
    assert states() == {"a": "firing", "b": "firing"}
    stage.finds(rule, "b")
    stage.evaluate()
    assert states() == {"a": "resolved", "b": "firing"}
    assert told() == ["firing", "firing", "resolved"]
    assert dict(TransitionTotal.objects.values_list("kind", "count")) == {"firing": 2, "resolved": 1}
    row = Incident.objects.get(labels__subject="a")
    assert (row.started, row.fired, row.rule_id, row.severity) == (
        row.fired,
        stage.now - timedelta(seconds=10),
        rule.id,
        "high",
    )
    assert row.resolved == stage.now
    assert row.summary == "a is broken"


def test_what_was_only_pending_leaves_nothing(stage: Stage, states: States, told: Told) -> None:
    rule = stage.rule(for_seconds=20)
    stage.finds(rule, "a")
    stage.evaluate()
    assert states() == {"a": "pending"}
    stage.finds(rule)
    stage.evaluate()
    assert (states(), told()) == ({}, [])


def test_a_rule_that_fails_changes_nothing_and_stops_no_other(stage: Stage, states: States) -> None:
    good, bad = stage.rule("good"), stage.rule("bad")
    stage.finds(bad, "old")
    stage.evaluate()
    stage.found["bad"] = ValueError("no such \0column")
    stage.finds(good, "new")
    done = stage.evaluate(after=7200)
    assert done is not None
    assert done.failing == 1
    assert states() == {"old": "firing", "new": "firing"}
    trouble = RuleTrouble.objects.get()
    assert (trouble.rule_name, trouble.failures, trouble.since) == ("bad", 1, stage.now)
    assert trouble.error == "ValueError: no such column"
    stage.evaluate()
    stage.finds(bad)
    stage.evaluate()
    trouble.refresh_from_db()
    assert (trouble.failures, trouble.since) == (2, None)
    assert states()["old"] == "resolved"


def test_events_are_asked_for_since_the_rule_was_last_evaluated_with_success(stage: Stage) -> None:
    stage.rule("good"), stage.rule("bad")
    stage.evaluate()
    assert stage.asked == {"good": None, "bad": None}
    first = stage.now
    stage.evaluate()
    assert stage.asked == {"good": first, "bad": first}
    stage.found["bad"] = ValueError()
    stage.evaluate()
    failed = stage.now
    stage.evaluate()
    last = stage.now
    stage.evaluate()
    assert stage.asked == {"good": last, "bad": failed}


def test_a_rule_without_data_keeps_its_incidents_for_a_while(stage: Stage, states: States) -> None:
    rule = stage.rule()
    stage.finds(rule, "a")
    stage.evaluate()
    stage.found["broken"] = None
    stage.evaluate(after=3_000)
    assert states() == {"a": "firing"}
    stage.evaluate(after=1_000)
    assert states() == {"a": "resolved"}
    assert IncidentEntry.objects.latest("pk").detail == {"reason": "There has been no data for long."}


def test_the_incidents_of_a_rule_that_is_gone_are_over_and_those_of_one_that_cannot_be_read_are_not(
    stage: Stage, states: States
) -> None:
    gone, unreadable = stage.rule("gone"), stage.rule("unreadable")
    stage.finds(gone, "a")
    stage.finds(unreadable, "b")
    stage.evaluate()
    AlertRule.objects.filter(pk=gone.id).delete()
    stage.rules.clear()
    stage.evaluate()
    assert states() == {"a": "resolved", "b": "firing"}
    assert Incident.objects.get(labels__subject="a").rule_id is None


def test_what_a_person_decides_while_rules_are_read_is_kept(stage: Stage, states: States, told: Told) -> None:
    rule = stage.rule()
    stage.finds(rule, "a")
    stage.evaluate()
    pk = Incident.objects.get().pk

    class Acknowledging(list[Sample]):
        def __iter__(self) -> Any:
            actions.acknowledge(pk, "Ada")
            return super().__iter__()

    stage.found["broken"] = Acknowledging([Sample({"subject": "a"}, 2.0, 40)])
    stage.evaluate(after=100)
    row = Incident.objects.get()
    assert (row.state, row.acknowledged_by, row.count) == ("acknowledged", "Ada", 40)
    assert told() == ["firing", "acknowledged", "milestone"]


def test_what_a_person_resolved_opens_anew_when_it_happens_anew(stage: Stage, states: States, told: Told) -> None:
    rule = stage.rule()
    stage.finds(rule, "a", event=True)
    stage.evaluate()
    actions.resolve(Incident.objects.get().pk, "Ada")
    for _ in range(2):
        stage.evaluate(after=100)
        assert states() == {"a": "resolved"}
    stage.finds(rule)
    stage.evaluate()
    stage.finds(rule, "a", event=True)
    stage.evaluate()
    assert states() == {"a": "firing"}
    assert told() == ["firing", "resolved", "firing"]
    assert Incident.objects.count() == 2


def test_what_flaps_is_told_of_once_more_and_held(stage: Stage, told: Told) -> None:
    rule = stage.rule()
    for number in range(12):
        stage.finds(rule, *(["a"] if number % 2 == 0 else []))
        stage.evaluate(after=60)
    assert told() == ["firing", "resolved", "firing", "resolved", "firing", "flapping"]
    assert Incident.objects.filter(flapping=True, state="firing").count() == 1


def test_a_silence_keeps_quiet_until_it_ends_and_then_it_is_told_again(stage: Stage, told: Told) -> None:
    rule = stage.rule()
    stage.finds(rule, "a")
    stage.evaluate()
    silence = silences.create(
        [{"name": "subject", "op": "=~", "value": "a|b"}], stage.now, stage.now + timedelta(days=400) / 2, "work", "Ada"
    )
    stage.finds(rule, "a", "b", "c")
    stage.evaluate()
    rows = {row.labels["subject"]: row for row in Incident.objects.all()}
    assert {name: (row.silenced, row.silence_id) for name, row in rows.items()} == {
        "a": (True, silence.pk),
        "b": (True, silence.pk),
        "c": (False, None),
    }
    assert told() == ["firing", "silenced", "firing", "silenced", "firing"]
    type(silence).objects.update(ends=stage.now)
    stage.evaluate()
    assert told()[5:] == ["unsilenced", "unsilenced"]


def test_a_maintenance_window_without_matchers_keeps_everything_quiet(stage: Stage) -> None:
    window = MaintenanceWindow.objects.create(name="move", starts=stage.now, minutes=30)
    stage.finds(stage.rule(), "a")
    stage.evaluate()
    row = Incident.objects.get()
    assert (row.silenced, row.maintenance_id, row.silence_id) == (True, window.pk, None)
    stage.evaluate(after=1800)
    row.refresh_from_db()
    assert (row.silenced, row.maintenance_id) == (False, None)


def test_what_follows_from_another_incident_is_told_once_that_is_over(stage: Stage, told: Told) -> None:
    cause, effect = stage.rule("cause"), stage.rule("effect")
    Inhibition.objects.create(
        name="one from the other",
        source_matchers=[{"name": "rule", "op": "=", "value": "cause"}],
        target_matchers=[{"name": "rule", "op": "=", "value": "effect"}],
        equal=["subject"],
    )
    stage.finds(cause, "a")
    stage.finds(effect, "a", "b")
    stage.evaluate()
    inhibited = Incident.objects.get(rule_name="effect", labels__subject="a")
    assert inhibited.inhibited
    assert not Incident.objects.get(rule_name="effect", labels__subject="b").inhibited
    stage.evaluate()
    inhibited.refresh_from_db()
    assert inhibited.inhibited_by == Incident.objects.get(rule_name="cause")
    stage.finds(cause)
    stage.evaluate()
    inhibited.refresh_from_db()
    assert (inhibited.inhibited, inhibited.inhibited_by_id) == (False, None)
    assert told()[-2:] == ["resolved", "uninhibited"]


def test_an_unhealthy_database_inhibits_the_errors_that_it_causes(stage: Stage) -> None:
    stage.rule("components", kind="health")
    stage.rule("errors", kind="error_count")
    stage.found["components"] = [Sample({"component": "database"}, 1.0)]
    stage.found["errors"] = [Sample({"type": "OperationalError"}, 1.0), Sample({"type": "KeyError"}, 1.0)]
    stage.evaluate()
    muted = {tuple(row.labels.values()): row.inhibited for row in Incident.objects.all()}
    assert muted == {("database",): False, ("OperationalError",): True, ("KeyError",): False}


def test_values_that_no_database_holds_are_replaced(stage: Stage) -> None:
    stage.rule()
    stage.found["broken"] = [
        Sample({"subject": "a\0\ud800"}, float("nan"), 10**30, "x\0y", {"far": float("inf"), "name": "\0"}),
        Sample({"subject": "b" * 5_000}, float("inf"), -3),
    ]
    stage.evaluate()
    first, second = Incident.objects.order_by("pk")
    assert (first.value, first.count, first.evidence["far"]) == (0.0, 2**63 - 1, None)
    assert (second.count, len(second.labels["subject"])) == (0, 1_000)
    stage.evaluate(after=100)
    assert Incident.objects.count() == 2


def test_of_two_evaluators_only_one_goes_on(stage: Stage, told: Told) -> None:
    rule = stage.rule()
    stage.finds(rule, "a")

    class Overtaken(list[Sample]):
        def __iter__(self) -> Any:
            stage.finds(rule, "a")
            assert stage.evaluate(after=0) is not None
            return super().__iter__()

    stage.found["broken"] = Overtaken([Sample({"subject": "a"}, 1.0)])
    assert stage.evaluate() is None
    assert told() == ["firing"]
    assert Evaluation.objects.get().number == 2


def test_evaluating_again_what_is_unchanged_writes_nothing_but_that_it_was_done(stage: Stage) -> None:
    stage.finds(stage.rule(), *(str(number) for number in range(30)))
    stage.evaluate()
    before = list(Incident.objects.order_by("pk").values())
    done = stage.evaluate()
    assert done is not None
    assert done.written == 0
    assert list(Incident.objects.order_by("pk").values()) == before
    row = Evaluation.objects.get()
    assert (row.began, row.rules, row.failing) == (stage.now, 1, 0)


def test_statements_do_not_grow_with_rules_and_incidents(stage: Stage) -> None:
    stage.evaluate()
    counted: dict[int, list[int]] = {}
    for number in (3, 33):
        AlertRule.objects.all().delete()
        Incident.objects.all().delete()
        stage.rules.clear()
        rules = [stage.rule(f"{number} {one}") for one in range(number)]
        for subjects, count, after in ((["a"], 1, 10), (["a"], 1, 10), (["a"], 100, 100), ([], 0, 10)):
            for rule in rules:
                stage.finds(rule, *subjects, count=count)
            with CaptureQueriesContext(connection) as context:
                stage.evaluate(after=after)
            counted.setdefault(number, []).append(len(context))
    assert counted[3] == counted[33]
    assert max(counted[3]) < 40


def test_incidents_of_many_kinds_at_once_are_written_in_batches(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    monkeypatch.setattr("monitoring.alerts.incidents.evaluate.BATCH", 7)
    rule = stage.rule()
    stage.finds(rule, *(str(number) for number in range(20)))
    stage.evaluate()
    stage.finds(rule, *(str(number) for number in range(10, 30)))
    stage.evaluate()
    assert Incident.objects.filter(state="firing").count() == 20
    assert sorted(told()) == ["firing"] * 30 + ["resolved"] * 10


def test_an_incident_that_cannot_be_stored_makes_its_rule_fail_and_stops_no_other(
    stage: Stage, states: States, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poisoned(entries: Sequence[IncidentEntry], now: datetime, alias: str) -> int:
        if any(one.incident.labels["subject"] == "7" for one in entries):
            raise DataError("value out of range")
        return plan(entries, now, alias)

    monkeypatch.setattr(writing, "plan", poisoned)
    stage.finds(stage.rule("bad"), *(str(number) for number in range(20)))
    stage.finds(stage.rule("good"), "good")
    done = stage.evaluate()
    assert done is not None
    assert done.failing == 1
    assert RuleTrouble.objects.get().error == "What it found cannot be stored: DataError."
    assert set(states()) == {*(str(number) for number in range(20) if number != 7), "good"}
    assert told() == ["firing"] * 20


def test_settings_say_what_flaps(stage: Stage, settings: Any, told: Told) -> None:
    settings.MONITORING = {**settings.MONITORING, "ALERT_FLAP_CHANGES": 3}
    assert get_config().alert_flap_changes == 3
    rule = stage.rule()
    for found in ("a", "", "a"):
        stage.finds(rule, *found)
        stage.evaluate()
    assert told()[-1] == "flapping"


def test_what_was_found_is_written_with_that_it_was_looked_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError

    stage.finds(stage.rule(), "a")
    with monkeypatch.context() as patched:
        patched.setattr("monitoring.alerts.incidents.troubles.write", away)
        with pytest.raises(OperationalError):
            stage.evaluate()
    assert not Incident.objects.exists()
    assert stage.evaluate() is not None
    assert Incident.objects.count() == 1


def test_a_clock_that_is_put_back_keeps_what_has_no_data_for_no_longer_than_usual(stage: Stage) -> None:
    rule, year = stage.rule(), 365 * 86_400
    stage.finds(rule, "a")
    stage.evaluate(after=year)
    stage.found[rule.name] = None
    stage.evaluate(after=-year)
    incident = Incident.objects.get()
    assert (incident.state, incident.last_active) == ("firing", stage.now)
    stage.evaluate(after=get_config().alert_missing_seconds)
    incident.refresh_from_db()
    assert incident.state == "resolved"


def test_what_a_person_resolved_fires_anew_when_it_happens_anew(stage: Stage) -> None:
    def happened(count: int, *, again: bool = True, after: float = 10) -> int:
        stage.found[rule.name] = [Sample({"subject": "a"}, 1.0, count, event=True, again=again)]
        stage.evaluate(after)
        return Incident.objects.filter(state="firing").count()

    rule = stage.rule("Lost tasks")
    assert happened(3)
    assert actions.resolve(Incident.objects.get().pk, "Ada")
    assert [happened(count) for count in (4, 4, 2, 2)] == [0, 0, 0, 0]
    assert [happened(3) for _ in range(2)] == [0, 1]
    assert actions.resolve(Incident.objects.get(state="firing").pk, "Ada")
    assert [happened(count, again=False) for count in (3, 9, 90)] == [0, 0, 0]

from __future__ import annotations

from typing import Any

import pytest

from monitoring.alerts.rules import changing, store
from monitoring.alerts.rules.changing import RefusedError
from monitoring.alerts.rules.models import AlertRule, RuleChange, Source
from monitoring.alerts.rules.validation import InvalidRuleError

pytestmark = pytest.mark.django_db
SLOW: dict[str, Any] = {"name": "Slow", "kind": "latency", "params": {"threshold_seconds": 2}}


@pytest.fixture
def builtin_rule() -> AlertRule:
    store.active_rules()
    return AlertRule.objects.get(name="Regressions")


def history(name: str) -> list[tuple[str, dict[str, Any]]]:
    return list(RuleChange.objects.filter(rule=name).values_list("who", "changes"))


def test_who_made_and_changed_a_rule_is_kept() -> None:
    row = changing.create(SLOW, "ada", Source.ADMIN)
    row = changing.change(row, {"severity": "low", "for_seconds": 0}, "bob")
    assert (row.severity, row.changed_by) == ("low", "bob")
    assert history("Slow")[0] == ("bob", {"severity": ["high", "low"]})
    assert history("Slow")[1][1]["name"] == [None, "Slow"]


def test_a_change_of_nothing_is_none() -> None:
    row = changing.create(SLOW, "ada", Source.ADMIN)
    assert changing.change(row, {"severity": "high"}, "bob").changed_by == "ada"
    assert len(history("Slow")) == 1


def test_a_rule_stays_as_it_is_when_a_change_would_break_it() -> None:
    row = changing.create(SLOW, "ada", Source.API)
    with pytest.raises(InvalidRuleError) as raised:
        changing.change(row, {"kind": "queue_length"}, "bob")
    assert list(raised.value.problems) == ["params"]
    row.refresh_from_db()
    assert row.kind == "latency"


def test_of_two_people_who_change_a_rule_at_once_the_second_is_told() -> None:
    row = changing.create(SLOW, "ada", Source.ADMIN)
    same = AlertRule.objects.get(pk=row.pk)
    changing.change(row, {"severity": "low"}, "ada")
    with pytest.raises(RefusedError, match="Somebody else has changed this rule"):
        changing.change(same, {"severity": "medium"}, "bob")


def test_names_are_unique() -> None:
    changing.create(SLOW, "ada", Source.ADMIN)
    other = changing.create(SLOW | {"name": "Other"}, "ada", Source.ADMIN)
    for act in (
        lambda: changing.create(SLOW, "ada", Source.API),
        lambda: changing.change(other, {"name": "Slow"}, "ada"),
    ):
        with pytest.raises(InvalidRuleError, match="name is the name of another rule"):
            act()


def test_a_builtin_rule_can_be_changed_and_restored_but_not_renamed_or_deleted(builtin_rule: AlertRule) -> None:
    changed = changing.change(builtin_rule, {"enabled": False}, "ada")
    assert changed.edited
    with pytest.raises(RefusedError, match="can be disabled, but not deleted"):
        changing.delete(changed, "ada")
    with pytest.raises(RefusedError, match="name of a rule whose source is builtin"):
        changing.change(changed, {"name": "Other"}, "ada")
    restored = changing.restore(changed, "bob")
    assert (restored.enabled, restored.edited, restored.changed_by) == (True, False, "bob")
    assert history("Regressions")[0] == ("bob", {"enabled": [False, True]})


def test_a_rule_of_a_person_cannot_be_restored_but_deleted() -> None:
    row = changing.create(SLOW, "ada", Source.ADMIN)
    with pytest.raises(RefusedError, match="Only builtin rules"):
        changing.restore(row, "ada")
    changing.delete(row, "bob")
    assert not AlertRule.objects.filter(name="Slow").exists()
    assert history("Slow")[0][0] == "bob"


def test_a_rule_of_settings_is_changed_in_settings(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "ALERT_RULES": [SLOW]}
    store.active_rules()
    row = AlertRule.objects.get(name="Slow")
    with pytest.raises(RefusedError, match="made in settings"):
        changing.change(row, {"severity": "low"}, "ada")
    with pytest.raises(RefusedError, match="made in settings"):
        changing.delete(row, "ada")


def test_the_history_of_a_rule_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changing, "CHANGES_KEPT", 2)
    row = changing.create(SLOW, "ada", Source.ADMIN)
    for seconds in (1, 2, 3):
        row = changing.change(row, {"for_seconds": seconds}, "ada")
    assert [changes["for_seconds"] for _, changes in history("Slow")] == [[2, 3], [1, 2]]

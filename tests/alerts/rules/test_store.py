from __future__ import annotations

from typing import Any

import pytest

from monitoring.alerts import ErrorMonitor
from monitoring.alerts.rules import builtin, changing, store
from monitoring.alerts.rules.models import AlertRule, Source

pytestmark = pytest.mark.django_db
SLOW: dict[str, Any] = {"name": "Slow", "kind": "latency", "params": {"threshold_seconds": 2}}
COUNT = "High-severity errors"


def configure(settings: Any, *entries: dict[str, Any]) -> None:
    settings.MONITORING = {**settings.MONITORING, "ALERT_RULES": list(entries)}


def row(name: str = COUNT) -> AlertRule:
    return AlertRule.objects.get(name=name)


def test_an_empty_database_gets_the_builtin_rules() -> None:
    names = {rule.name for rule in store.active_rules()}
    assert names == {values["name"] for values in builtin.RULES if values.get("enabled", True)}
    assert AlertRule.objects.filter(source=Source.BUILTIN).count() == len(builtin.RULES)


def test_rules_that_are_up_to_date_cost_one_query(django_assert_num_queries: Any) -> None:
    store.active_rules()
    with django_assert_num_queries(1):
        store.active_rules()


def test_a_second_process_writes_nothing(django_assert_num_queries: Any) -> None:
    store.active_rules()
    store.forget()
    with django_assert_num_queries(1):
        store.active_rules()


def test_rules_of_settings_come_change_and_go(settings: Any) -> None:
    configure(settings, SLOW)
    store.active_rules()
    assert (row("Slow").source, row("Slow").severity) == ("settings", "high")
    configure(settings, SLOW | {"severity": "low"})
    store.active_rules()
    assert row("Slow").severity == "low"
    configure(settings)
    store.active_rules()
    assert not AlertRule.objects.filter(name="Slow").exists()


def test_a_builtin_rule_that_settings_changed_is_as_before_without_them(settings: Any) -> None:
    configure(settings, {"name": COUNT, "params": {"threshold": 50}})
    store.active_rules()
    assert (row().source, row().params["threshold"]) == ("settings", 50)
    configure(settings)
    store.active_rules()
    assert (row().source, row().params["threshold"]) == ("builtin", 5)


def test_an_upgrade_leaves_alone_what_a_person_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    store.active_rules()
    changing.change(row(), {"for_seconds": 60}, "ada")
    ErrorMonitor().alert_thresholds = {"high": 9, "low": 7}
    store.active_rules()
    assert (row().params["threshold"], row().for_seconds) == (5, 60)
    assert (row("Low-severity errors").params["threshold"], row("Low-severity errors").source) == (7, "code")


def test_settings_go_before_what_a_person_changed(settings: Any) -> None:
    store.active_rules()
    changing.change(row(), {"for_seconds": 60}, "ada")
    configure(settings, {"name": COUNT, "params": {"threshold": 50}})
    store.active_rules()
    assert (row().for_seconds, row().params["threshold"], row().edited) == (0, 50, False)


def test_a_rule_of_a_person_is_not_taken_over_by_settings_of_its_name(settings: Any) -> None:
    changing.create(SLOW | {"severity": "low"}, "ada", Source.ADMIN)
    configure(settings, SLOW)
    store.active_rules()
    assert (row("Slow").source, row("Slow").severity) == ("admin", "low")


def test_a_builtin_rule_that_is_no_more_goes_unless_a_person_changed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Old", "Kept"):
        AlertRule.objects.create(**SLOW | {"name": name}, source=Source.BUILTIN, edited=name == "Kept")
    store.active_rules()
    assert set(AlertRule.objects.filter(name__in=["Old", "Kept"]).values_list("name", flat=True)) == {"Kept"}


def test_rules_of_conditions_in_code_stay() -> None:
    AlertRule.objects.create(name="mine", kind="code", params={"rule": "mine"}, source=Source.CODE)
    assert "mine" in {rule.name for rule in store.active_rules()}


def test_a_disabled_rule_is_not_active() -> None:
    store.active_rules()
    changing.change(row(), {"enabled": False}, "ada")
    assert COUNT not in {rule.name for rule in store.active_rules()}


def test_a_builtin_rule_that_somebody_deleted_behind_our_back_comes_back() -> None:
    store.active_rules()
    row().delete()
    assert COUNT in {rule.name for rule in store.active_rules()}


def test_a_row_that_is_no_rule_is_left_out_and_told_of(caplog: pytest.LogCaptureFixture) -> None:
    AlertRule.objects.create(name="Newer", kind="of_a_newer_version", source=Source.API)
    assert "Newer" not in {rule.name for rule in store.active_rules()}
    assert "'Newer' cannot be evaluated: kind must be one of" in caplog.text


def test_two_releases_side_by_side_do_not_undo_each_other(settings: Any) -> None:
    store.active_rules()
    AlertRule.objects.filter(name=COUNT).update(summary="of a newer release")
    store.active_rules()
    assert row().summary == "of a newer release"


def test_what_is_wrong_in_settings_is_told_of_in_the_log(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    configure(settings, {"name": "X"})
    store.active_rules()
    assert "MONITORING['ALERT_RULES'][0]['kind'] must be one of" in caplog.text


def test_a_change_by_a_person_between_reading_and_writing_wins() -> None:
    store.active_rules()
    rows = list(AlertRule.objects.all())
    ErrorMonitor().alert_thresholds = {"high": 9}
    plan = store.planned(store.rules((), {"high": 9}), rows)
    changing.change(row(), {"params": {**row().params, "threshold": 6}}, "ada")
    store.carry_out(plan, "default")
    assert row().params["threshold"] == 6


@pytest.mark.parametrize("values", [{"high": 0}, {"high": "5"}, {"odd": 1}, {"high": True}, {"low": float("inf")}])
def test_thresholds_that_are_none_are_refused(values: Any) -> None:
    monitor = ErrorMonitor()
    with pytest.raises(ValueError, match="alert_thresholds must be positive numbers"):
        monitor.alert_thresholds = values
    assert monitor.alert_thresholds == builtin.THRESHOLDS


def test_the_documented_thresholds_can_be_set_as_documented() -> None:
    monitor = ErrorMonitor()
    monitor.alert_thresholds = {"critical": 2, "high": 5, "medium": 20, "low": 100}
    assert ErrorMonitor().alert_thresholds == {"critical": 2, "high": 5, "medium": 20, "low": 100}
    store.active_rules()
    assert row("Critical errors").params["threshold"] == 2

from __future__ import annotations

from typing import Any

import pytest

from monitoring.alerts.rules import builtin, desired
from monitoring.alerts.rules.models import Source

SLOW: dict[str, Any] = {"name": "Slow", "kind": "latency", "params": {"threshold_seconds": 2}}


def test_the_documented_thresholds_are_the_builtin_ones() -> None:
    found = desired.rules((), {})
    for severity, threshold in {"critical": 1, "high": 5, "medium": 20, "low": 100}.items():
        values = found[builtin.THRESHOLD_RULES[severity]].values
        params = {"threshold": threshold, "window_seconds": 600, "severities": [severity]}
        assert (values["params"], values["severity"], values["enabled"]) == (params, severity, True)


def test_the_worse_a_builtin_rule_is_the_sooner_it_tells_again_and_never_at_once() -> None:
    least = {"critical": 300, "high": 900, "medium": 3600, "low": 3600}
    for one in desired.rules((), {}).values():
        assert one.values["cooldown_seconds"] >= least[one.values["severity"]]


def test_thresholds_set_in_code_go_before_the_documented_ones() -> None:
    found = desired.rules((), {"high": 7})
    assert found["High-severity errors"].values["params"]["threshold"] == 7
    assert found["High-severity errors"].source is Source.CODE
    assert found["Critical errors"].source is Source.BUILTIN


def test_a_rule_of_settings_is_one_of_its_own() -> None:
    found = desired.rules((SLOW,), {})["Slow"]
    assert found.source is Source.SETTINGS
    assert found.values["cooldown_seconds"] == 3600


def test_an_entry_with_the_name_of_a_builtin_rule_changes_what_it_says() -> None:
    entry = {"name": "High-severity errors", "params": {"threshold": 50}, "channels": ["ops"]}
    found = desired.rules((entry,), {"high": 7})["High-severity errors"].values
    assert found["params"] == {"threshold": 50, "window_seconds": 600, "severities": ["high"]}
    assert (found["channels"], found["severity"], found["kind"]) == (["ops"], "high", "error_count")


def test_a_builtin_rule_can_be_switched_off_in_settings() -> None:
    assert not desired.rules(({"name": "Regressions", "enabled": False},), {})["Regressions"].values["enabled"]


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ([{"name": "X"}], "MONITORING['ALERT_RULES'][0]['kind'] must be one of new_group"),
        ([SLOW, 5], "MONITORING['ALERT_RULES'][1] must be a dict like"),
        ([SLOW, SLOW], "MONITORING['ALERT_RULES'][1]['name'] must be unique; there is another rule 'Slow'."),
        ([SLOW | {"for": 5}], "MONITORING['ALERT_RULES'][0]['for'] is no field of a rule."),
        (
            [SLOW | {"params": {"threshold_seconds": "2"}}],
            "MONITORING['ALERT_RULES'][0]['params'] threshold_seconds must be a number above 0.",
        ),
        ([{"name": "Regressions", "params": 5}], "MONITORING['ALERT_RULES'][0]['params'] must be a dict"),
        ([{"name": ["x"]}], "MONITORING['ALERT_RULES'][0]['name'] must be one line"),
        ([SLOW] * 501, "MONITORING['ALERT_RULES'] can have 500 rules."),
    ],
)
def test_what_is_wrong_in_settings_is_told_with_its_place(setting: list[Any], told: str) -> None:
    assert any(told in line for line in desired.setting_problems(setting))


def test_what_is_wrong_in_settings_is_left_out_and_nothing_else() -> None:
    found = desired.rules([{"name": "X"}, SLOW, 5, SLOW | {"severity": "low"}], {})
    assert "X" not in found
    assert found["Slow"].values["severity"] == "high"


def test_sound_settings_have_no_problems() -> None:
    assert desired.setting_problems([SLOW, {"name": "Regressions", "enabled": False}]) == []

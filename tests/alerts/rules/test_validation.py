from __future__ import annotations

from dataclasses import MISSING
from typing import Any

import pytest

from monitoring.alerts.rules import builtin, forms, validation
from monitoring.alerts.rules.registry import KINDS

GOOD: dict[str, Any] = {"name": "Slow", "kind": "latency", "params": {"threshold_seconds": 2}}


def problems(**values: Any) -> dict[str, str]:
    return validation.problems(GOOD | values)


def test_a_rule_of_a_name_a_kind_and_its_parameters_is_enough() -> None:
    assert problems() == {}
    assert validation.complete(GOOD)["severity"] == "high"


@pytest.mark.parametrize("values", builtin.RULES, ids=lambda values: values["name"])
def test_builtin_rules_are_sound(values: dict[str, Any]) -> None:
    assert validation.problems(values) == {}


def test_nothing_said_is_told_field_by_field() -> None:
    assert validation.problems({}) == {
        "name": "must be one line of 1 to 100 characters",
        "kind": f"must be one of {', '.join(KINDS)}",
    }


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", "", "one line"),
        ("name", "a\nb", "one line"),
        ("kind", "latenzy", "one of new_group, regression"),
        ("kind", ["latency"], "one of"),
        ("severity", "ERROR", "one of critical, high, medium, low"),
        ("for_seconds", -1, "a whole number from 0 to 604800"),
        ("for_seconds", True, "a whole number"),
        ("for_seconds", 1.5, "a whole number"),
        ("channels", "ops", "a list of up to 20 names"),
        ("channels", [""], "a list of up to 20 names"),
        ("summary", "a\r\nb", "one line"),
        ("runbook_url", "javascript:alert(1)", "an http(s) URL"),
        ("runbook_url", "http://", "an http(s) URL"),
        ("runbook_url", "http://[", "an http(s) URL"),
        ("labels", {"a-b": "c"}, "a dict of up to 20 texts"),
        ("labels", {"a": 1}, "a dict of up to 20 texts"),
        ("labels", {"severity": "page"}, "none named kind, rule, severity"),
        ("labels", {"team": "shop", "kind": "db"}, "none named kind, rule, severity"),
        ("enabled", 1, "true or false"),
        ("params", [], "a dict of parameters: threshold_seconds, of,"),
        ("params", {}, "threshold_seconds is missing; it must be a number above 0"),
        ("params", {"threshold_seconds": 0}, "threshold_seconds must be a number above 0"),
        ("params", {"threshold_seconds": float("nan")}, "threshold_seconds must be a number above 0"),
        ("params", {"threshold_seconds": float("inf")}, "threshold_seconds must be a number above 0"),
        ("params", {"threshold_seconds": 10**400}, "threshold_seconds must be a number above 0"),
        ("params", {"threshold_seconds": 1, "quantile": "p42"}, "quantile must be one of p50, p95, p99"),
        ("params", {"threshold_seconds": 1, "names": "shop.*"}, "names must be a list of up to 50 patterns"),
        ("params", {"threshold_seconds": 1, "windw": 5}, "windw is no parameter of this kind; it has threshold_sec"),
        ("filters", {"tenant": ["a"]}, "must be a dict of lists of patterns by any of service, environment"),
        ("filters", {"service": "shop"}, "must be a dict, each value a list"),
        ("filters", {"queue": ["a"], "release": ["1"]}, "cannot narrow rules of the kind latency by queue, release"),
        ("colour", "red", "is no field of a rule"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_with_the_accepted_form(field: str, value: Any, told: str) -> None:
    found = problems(**{field: value})
    assert list(found) == [field]
    assert told in found[field]


def test_a_filter_that_says_nothing_is_accepted_by_every_kind() -> None:
    assert problems(filters={"queue": []}) == {}


def test_a_filter_of_requests_is_refused_for_tasks() -> None:
    params = {"threshold_seconds": 1, "of": "task"}
    assert "requests alone" in problems(params=params, filters={"route": ["api/*"]})["filters"]
    assert "use the filter route" in problems(params={"threshold_seconds": 1, "names": ["a"]})["params"]


def test_a_fewest_count_is_refused_where_nothing_is_counted() -> None:
    found = validation.problems({"name": "Q", "kind": "queue_age", "params": {"threshold_seconds": 1}, "min_count": 5})
    assert found == {"min_count": "must be 0: rules of the kind queue_age judge no rate"}


def test_findings_that_there_are_none_of_are_refused() -> None:
    found = validation.problems({"name": "F", "kind": "finding", "params": {"kinds": ["worker_*", "worker_gone"]}})
    assert "no findings of the kind worker_gone" in found["params"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_parameter_of_every_kind_is_documented_and_its_default_has_its_form(kind: Any) -> None:
    for name, says, meaning, default in forms.described(kind.params):
        assert says
        assert meaning.endswith(".")
        if default is not MISSING:
            _read, wrong = forms.read_params(kind.params, {name: default})
            assert name not in wrong
    assert kind.says.endswith(".")
    assert kind.params.__doc__


def test_an_invalid_rule_says_why() -> None:
    with pytest.raises(validation.InvalidRuleError, match="name must be one line") as raised:
        validation.complete({**GOOD, "name": ""})
    assert list(raised.value.problems) == ["name"]


@pytest.mark.parametrize("name", ["", "a\0b", "a\nb", "a" * 101])
def test_a_condition_in_code_has_a_name_that_can_be_stored_and_shown(name: str) -> None:
    found = validation.problems({"name": "x", "kind": "code", "params": {"rule": name}})
    assert "a name of 1 to 100 printable characters" in found["params"]

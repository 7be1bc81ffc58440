"""Alert rules over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from monitoring.alerts.rules.models import AlertRule, RuleChange
from monitoring.alerts.rules.registry import KINDS

pytestmark = pytest.mark.django_db
URL = "/api/monitoring/alerts/rules/"
JSON = "application/json"
RULE = {"name": "Slow checkout", "kind": "new_group", "params": {"window_seconds": 600}, "labels": {"team": "shop"}}


def make(api: Client, **changes: Any) -> Any:
    return api.post(URL, {**RULE, **changes}, content_type=JSON)


def test_every_kind_tells_its_parameters(api: Client) -> None:
    kinds = {kind["name"]: kind for kind in api.get(f"{URL}kinds/").json()}
    assert set(kinds) == set(KINDS)
    (window,) = [one for one in kinds["new_group"]["params"] if one["name"] == "window_seconds"]
    assert (window["required"], window["usual"]) == (False, 3600)


def test_a_rule_is_made_changed_and_deleted_and_its_history_stays(api: Client) -> None:
    made = make(api)
    assert (made.status_code, made.json()["source"]) == (201, "api")
    address = f"{URL}{made.json()['id']}/"
    changed = api.patch(address, {"severity": "critical"}, content_type=JSON).json()
    assert (changed["severity"], changed["changed_by"]) == ("critical", "ada")
    assert changed["history"][0]["changes"] == {"severity": ["high", "critical"]}
    assert api.delete(address).status_code == 204
    assert not AlertRule.objects.filter(name=RULE["name"]).exists()
    assert RuleChange.objects.filter(rule=RULE["name"]).count() == 3


def test_builtin_rules_are_listed_changed_and_restored_but_not_deleted(api: Client) -> None:
    rules = api.get(URL).json()
    builtin = next(rule for rule in rules if rule["source"] == "builtin")
    address = f"{URL}{builtin['id']}/"
    assert api.patch(address, {"enabled": not builtin["enabled"]}, content_type=JSON).json()["edited"] is True
    assert api.delete(address).status_code == 409
    restored = api.post(f"{address}restore/", content_type=JSON).json()
    assert (restored["edited"], restored["enabled"]) == (False, builtin["enabled"])


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\0"}, "name"),
        ({"kind": "odd"}, "kind"),
        ({"kind": ["new_group"]}, "kind"),
        ({"params": {"window_seconds": "long"}}, "params"),
        ({"params": []}, "params"),
        ({"filters": {"queue": ["x"]}}, "filters"),
        ({"severity": "bad"}, "severity"),
        ({"for_seconds": -1}, "for_seconds"),
        ({"labels": {"a b": "x"}}, "labels"),
        ({"runbook_url": "javascript:alert(1)"}, "runbook_url"),
        ({"odd": 1}, "odd"),
        ({"id": 7}, "id"),
    ],
)
def test_rules_that_cannot_be_are_refused_by_field(api: Client, wrong: dict[str, Any], field: str) -> None:
    answer = make(api, **wrong)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    tried = api.post(f"{URL}try/", {**RULE, **wrong}, content_type=JSON)
    assert (tried.status_code, list(tried.json()["errors"])) == (400, [field])
    assert not AlertRule.objects.filter(source="api").exists()


def test_names_are_taken_once(api: Client) -> None:
    make(api)
    assert make(api).json()["errors"] == {"name": ["This is the name of another rule."]}


@pytest.mark.parametrize("body", [[], "text", 7, None])
def test_what_is_no_object_is_no_rule(api: Client, body: Any) -> None:
    assert api.post(URL, body, content_type=JSON).status_code == 400


def test_a_rule_is_tried_without_being_stored(api: Client) -> None:
    found = api.post(f"{URL}try/", RULE, content_type=JSON).json()
    assert found == {"missing": False, "total": 0, "samples": []}
    assert not AlertRule.objects.filter(name=RULE["name"]).exists()


def test_strangers_may_do_nothing(client: Client) -> None:
    assert client.get(URL).status_code == client.post(URL, RULE, content_type=JSON).status_code == 401
    assert client.post(f"{URL}try/", RULE, content_type=JSON).status_code == 401


@pytest.mark.parametrize("pk", [0, 2**63])
def test_what_does_not_exist_is_not_found(api: Client, pk: int) -> None:
    assert api.get(f"{URL}{pk}/").status_code == api.delete(f"{URL}{pk}/").status_code == 404
    assert api.patch(f"{URL}{pk}/", {}, content_type=JSON).status_code == 404
    assert api.post(f"{URL}{pk}/restore/", content_type=JSON).status_code == 404

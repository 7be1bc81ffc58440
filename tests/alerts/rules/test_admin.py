from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.alerts.rules import changing, store
from monitoring.alerts.rules.models import AlertRule, RuleChange, Source
from tests.api.conftest import admin

from .rows import errors, group

__all__ = ["admin"]

pytestmark = pytest.mark.django_db
URL = "/admin/monitoring/alertrule/"
FIELDS: dict[str, Any] = {
    "name": "Slow carts",
    "enabled": "on",
    "severity": "high",
    "kind": "latency",
    "params": '{"threshold_seconds": 2}',
    "filters": '{"route": ["api/carts/*"]}',
    "for_seconds": 60,
    "keep_firing_seconds": 0,
    "min_count": 0,
    "cooldown_seconds": 3600,
    "channels": "[]",
    "summary": "",
    "runbook_url": "",
    "labels": "",
    "seen": "",
}


@pytest.fixture
def staff(client: Client, admin: Any) -> Client:
    client.force_login(admin)
    return client


def post(client: Client, path: str, **values: Any) -> str:
    return client.post(f"{URL}{path}", FIELDS | values, follow=True).content.decode()


def change(client: Client, rule: AlertRule, **values: Any) -> str:
    seen = rule.changed_at.isoformat() if rule.changed_at else ""
    stored = {
        name: json.dumps(value) if isinstance(value := getattr(rule, name), dict | list) else value
        for name in FIELDS
        if name not in ("seen", "enabled")
    }
    return post(client, f"{rule.pk}/change/", **{**stored, "seen": seen, "enabled": "", **values})


def builtin(name: str = "Regressions") -> AlertRule:
    store.active_rules()
    return AlertRule.objects.get(name=name)


def test_a_rule_is_made_and_it_is_kept_who_did_it(staff: Client) -> None:
    page = post(staff, "add/")
    assert "was added successfully" in page
    rule = AlertRule.objects.get()
    assert (rule.source, rule.changed_by, rule.labels, rule.params) == ("admin", "admin", {}, {"threshold_seconds": 2})
    assert "Slow carts" in {rule.name for rule in store.active_rules()}
    assert LogEntry.objects.get().object_id == str(rule.pk)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("params", '{"threshold_seconds": "2"}', "threshold_seconds must be a number above 0."),
        ("params", "{", "Enter a valid JSON."),
        ("params", "", "threshold_seconds is missing"),
        ("filters", '{"queue": ["a"]}', "It cannot narrow rules of the kind latency by queue"),
        ("runbook_url", "ftp://x", "It must be an http(s) URL, or empty."),
        ("channels", '"ops"', "It must be a list of up to 20 names of channels."),
        ("kind", "nothing", "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(staff: Client, field: str, value: str, told: str) -> None:
    page = post(staff, "add/", **{field: value}).replace("&#x27;", "'").replace("&quot;", '"')
    assert told in page
    assert not AlertRule.objects.exists()


def test_a_builtin_rule_is_changed_and_restored_but_keeps_its_name(staff: Client) -> None:
    page = change(staff, builtin(), name="Other", severity="low")
    assert "was changed successfully" in page
    rule = AlertRule.objects.get(name="Regressions")
    assert (rule.severity, rule.edited, rule.enabled) == ("low", True, False)
    page = staff.get(f"{URL}{rule.pk}/change/").content.decode()
    assert "admin: severity &quot;high&quot; → &quot;low&quot;" in page
    assert "Restored 1 rule." in act(staff, "restore", rule)
    rule.refresh_from_db()
    assert (rule.severity, rule.edited, rule.enabled) == ("high", False, True)


def act(client: Client, action: str, *rules: AlertRule) -> str:
    data = {"action": action, "_selected_action": [one.pk for one in rules], "post": "yes"}
    return client.post(URL, data, follow=True).content.decode()


def test_of_two_people_who_change_a_rule_at_once_the_second_is_told(staff: Client) -> None:
    rule = builtin()
    changing.change(rule, {"severity": "medium"}, "bob")
    assert "Somebody else has changed this rule meanwhile" in change(staff, rule, severity="low", seen="")
    rule.refresh_from_db()
    assert rule.severity == "medium"


def test_rules_of_settings_cannot_be_changed(staff: Client, settings: Any) -> None:
    entry = {"name": "Set", "kind": "latency", "params": {"threshold_seconds": 2}}
    settings.MONITORING = {**settings.MONITORING, "ALERT_RULES": [entry]}
    rule = builtin("Set")
    assert staff.post(f"{URL}{rule.pk}/change/", FIELDS).status_code == 403
    assert staff.get(f"{URL}{rule.pk}/change/").status_code == 200
    assert "Set: This rule is made in settings" in act(staff, "disable", rule)


def test_rules_are_switched_off_and_on(staff: Client) -> None:
    rule = builtin()
    assert "Switched off 1 rule." in act(staff, "disable", rule)
    assert not AlertRule.objects.get(pk=rule.pk).enabled
    act(staff, "enable", rule)
    assert AlertRule.objects.get(pk=rule.pk).enabled


def test_only_what_people_made_can_be_deleted(staff: Client) -> None:
    made = changing.create({"name": "Mine", "kind": "health"}, "ada", Source.API)
    stays = builtin()
    act(staff, "delete_selected", made, stays)
    assert AlertRule.objects.filter(pk__in=[made.pk, stays.pk]).count() == 2
    act(staff, "delete_selected", made)
    assert not AlertRule.objects.filter(pk=made.pk).exists()
    assert RuleChange.objects.filter(rule="Mine").first().who == "admin"  # type: ignore[union-attr]
    assert staff.post(f"{URL}{stays.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_page_of_a_rule_shows_what_it_finds_now(staff: Client) -> None:
    assert "Nothing" in staff.get(f"{URL}{builtin('Components unhealthy').pk}/change/").content.decode()
    AlertRule.objects.filter(name="Regressions").update(params={"severities": "all"})
    page = staff.get(f"{URL}{builtin().pk}/change/").content.decode()
    assert "It cannot be evaluated: InvalidRuleError: params severities must be a list" in page


def test_what_a_rule_finds_is_text_and_no_markup(staff: Client, time_machine: Any) -> None:
    from .rows import NOW

    time_machine.move_to(NOW, tick=False)
    staff.force_login(get_user_model().objects.get())
    errors(group(title="<script>alert(1)</script>"), 5)
    page = staff.get(f"{URL}{builtin('High-severity errors').pk}/change/").content.decode()
    assert "5 errors within 10 minutes: &lt;script&gt;" in page


def test_who_may_only_look_changes_nothing(client: Client) -> None:
    user = get_user_model().objects.create_user("eve", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_alertrule"))
    client.force_login(user)
    rule = builtin()
    assert client.get(f"{URL}{rule.pk}/change/").status_code == 200
    assert client.post(f"{URL}{rule.pk}/change/", FIELDS).status_code == 403
    act(client, "disable", rule)
    assert AlertRule.objects.get(pk=rule.pk).enabled


def test_the_list_makes_as_many_queries_of_many_rules_as_of_few(staff: Client) -> None:
    builtin()
    staff.get(URL)
    with CaptureQueriesContext(connection) as few:
        staff.get(URL)
    for number in range(30):
        changing.create({"name": f"rule {number}", "kind": "health"}, "ada", Source.API)
    with CaptureQueriesContext(connection) as many:
        staff.get(URL)
    assert len(many) == len(few)

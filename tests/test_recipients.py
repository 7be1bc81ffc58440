from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring import recipients
from monitoring.recipients import Recipient, load, problems, recipient

HOOK = "https://hooks.slack.com/services/T000/B000/secretsecret"


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ("ops@example.com", "email"),
        (" ops+alerts@mail.example.co.uk ", "email"),
        ("ops@localhost", "email"),
        (HOOK, "slack"),
        ("discord://1234/abcd", "apprise"),
        ("mailto://user:pass@example.com?to=ops@example.com", "apprise"),
        ("https://discord.com/api/webhooks/1/abc", "apprise"),
    ],
)
def test_an_entry_is_an_address_a_slack_webhook_or_an_apprise_url(entry: str, kind: str) -> None:
    assert recipient(entry) == Recipient(kind, entry.strip())


@pytest.mark.parametrize(
    "entry",
    ["slack-webhook-url", "", "ops", "@ops", "a@b\nBcc: c@d", None, 5, "://x", "slack://a b", "x" * 3_000 + "@b"],
)
def test_anything_else_is_none(entry: Any) -> None:
    assert recipient(entry) is None


def test_a_placeholder_is_told_with_the_accepted_forms_and_the_others_go_on() -> None:
    values = {"ERROR_ALERT_RECIPIENTS": ["a@example.com", "slack-webhook-url", "b@example.com"]}
    (told,) = problems(values)
    assert told.startswith("Entry 2 of ERROR_ALERT_RECIPIENTS is left out: it must be an e-mail address")
    for form in ("ops@example.com", "https://hooks.slack.com/services/", "Apprise URL"):
        assert form in told
    assert [one.target for one in load(values).of("low")] == ["a@example.com", "b@example.com"]


def test_a_severity_may_have_recipients_of_its_own_or_nobody() -> None:
    found = load(
        {
            "ERROR_ALERT_RECIPIENTS": ["all@example.com"],
            "ALERTS_BY_SEVERITY": {"CRITICAL": ["boss@example.com"], "low": []},
            "SLACK_WEBHOOK_URL": HOOK,
        }
    )
    assert [one.target for one in found.of("critical")] == ["boss@example.com"]
    assert found.of("low") == ()
    assert [one.target for one in found.of("medium")] == ["all@example.com", HOOK]


def test_who_is_named_twice_is_told_once() -> None:
    found = load(
        {"ERROR_ALERT_RECIPIENTS": [HOOK, HOOK], "SLACK_WEBHOOK_URL": HOOK, "ERROR_ESCALATION_RECIPIENTS": [HOOK]}
    )
    assert len(found.of("high")) == 1
    assert len(list(found)) == 1


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"ERROR_ALERT_RECIPIENTS": "ops@example.com"}, "ERROR_ALERT_RECIPIENTS must be a list"),
        ({"ALERTS_BY_SEVERITY": ["ops@example.com"]}, "ALERTS_BY_SEVERITY must be a dict of lists"),
        ({"ALERTS_BY_SEVERITY": {"fatal": []}}, "ALERTS_BY_SEVERITY['fatal'] is no severity"),
        ({"ALERTS_BY_SEVERITY": {"high": None}}, "ALERTS_BY_SEVERITY['high'] must be a list"),
        ({"ALERTS_BY_SEVERITY": {"high": ["x"]}}, "Entry 1 of ALERTS_BY_SEVERITY['high'] is left out"),
        ({"SLACK_WEBHOOK_URL": "slack-webhook-url"}, "SLACK_WEBHOOK_URL must be an http(s) URL"),
    ],
)
def test_each_wrong_value_is_told(values: dict[str, Any], told: str) -> None:
    (found,) = problems(values)
    assert found.startswith(told)


def test_unset_and_empty_settings_are_right() -> None:
    assert problems({}) == []
    assert problems({"ERROR_ALERT_RECIPIENTS": [], "ALERTS_BY_SEVERITY": {}, "SLACK_WEBHOOK_URL": ""}) == []


def test_no_secret_is_told() -> None:
    values = {"ERROR_ALERT_RECIPIENTS": [HOOK, "sesame open"], "SLACK_WEBHOOK_URL": "sesame"}
    assert "sesame" not in " ".join(problems(values))
    assert "secretsecret" not in repr(load(values))


def test_environment_variables_hold_lists_and_json() -> None:
    assert recipients.read("ERROR_ALERT_RECIPIENTS", "a@b.c, discord://x/y,") == ["a@b.c", "discord://x/y"]
    assert recipients.read("ERROR_ALERT_RECIPIENTS", '["a@b.c"]') == ["a@b.c"]
    assert recipients.read("ALERTS_BY_SEVERITY", '{"high": []}') == {"high": []}
    assert problems({"ALERTS_BY_SEVERITY": recipients.read("ALERTS_BY_SEVERITY", "{")}) != []


@given(
    st.dictionaries(
        st.sampled_from(recipients.NAMES),
        st.recursive(
            st.none() | st.integers() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
        ),
    )
)
def test_whatever_is_set_it_can_be_read(values: dict[str, Any]) -> None:
    found = load(values)
    assert all(isinstance(one.target, str) for one in found)
    assert json.dumps(problems(values))

"""What the guide says of rules is what the code does."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import MISSING
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks

from monitoring.alerts.rules import builtin, desired, phrases
from monitoring.alerts.rules.forms import described
from monitoring.alerts.rules.registry import KINDS
from monitoring.jobs import findings

DOCS = Path(__file__).resolve().parents[3] / "docs"
GUIDE = (DOCS / "alerts.md").read_text()
SECTION = GUIDE.partition("## Alert rules")[2].partition("\n## ")[0]


def row(kind: Any) -> str:
    """Return the row of the guide's table that describes a kind."""
    params = ", ".join(
        f"`{name}`" if default is MISSING else f"`{name}` ({json.dumps(default)})"
        for name, _form, _says, default in described(kind.params)
    )
    filters = ", ".join(sorted(kind.filters)) or "none"
    fewest = "" if kind.min_count is None else kind.min_count
    return f"| `{kind.name}` | {kind.says} | {params} | {filters} | {fewest} |"


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_of_rule_has_its_row(kind: Any) -> None:
    assert row(kind) in SECTION


def test_every_builtin_rule_has_its_row_with_its_severity() -> None:
    told = re.findall(r"^\| `([A-Z][^`]+)` \| .* \| (\w+) \|$", SECTION, re.MULTILINE)
    assert sorted(told) == sorted((values["name"], values["severity"]) for values in builtin.RULES)


@pytest.mark.parametrize("kind", findings.KINDS)
def test_every_kind_of_finding_has_a_phrase_and_advice_on_a_page_that_is_there(kind: str) -> None:
    phrase = phrases.PHRASES[kind]
    row = next(line for line in (DOCS / "findings.md").read_text().splitlines() if line.startswith(f"| `{kind}`"))
    assert "_" not in phrases.says(kind)
    assert (DOCS.parent / phrase.page).is_file()
    assert phrase.page == "docs/findings.md" or phrase.page.removeprefix("docs/") in row


def test_which_findings_have_a_rule_of_their_own_is_said() -> None:
    watched = {kind for one in builtin.RULES if one["kind"] == "finding" for kind in one["params"]["kinds"]}
    watched |= {kind for kind in findings.KINDS if kind.startswith("anomaly_")}  # of which the kind `anomaly` is
    said = (DOCS / "findings.md").read_text().partition("No builtin rule")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z]+_[a-z]+)`", said)) == set(findings.KINDS) - watched


def test_the_rules_of_the_guide_are_sound() -> None:
    example = SECTION.partition("MONITORING = ")[2].partition("```")[0]
    rules = ast.literal_eval(example)["ALERT_RULES"]
    assert desired.setting_problems(rules) == []
    assert desired.rules(rules, {})["Slow checkout"].values["min_count"] == 50


def test_a_rule_of_settings_that_cannot_be_one_is_an_error_of_the_system_check(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "ALERT_RULES": [{"name": "x", "kind": "health", "for": 5}]}
    told = [message.msg for message in run_checks() if message.id == "monitoring.E010"]
    assert told == ["MONITORING['ALERT_RULES'][0]['for'] is no field of a rule."]

"""The alert rules: as Prometheus' own tool sees them, and as the guides name them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"] for rule in group["rules"]
]
ALERTS = [rule for rule in RULES if "alert" in rule]

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here")


def promtool(*arguments: str) -> str:
    ran = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@needs_promtool
def test_the_rules_are_sound() -> None:
    assert f"{len(RULES)} rules found" in promtool("check", "rules", "rules.yml")


@needs_promtool
def test_each_rule_fires_when_it_should_and_only_then() -> None:
    promtool("test", "rules", *(f"tests/{path.name}" for path in sorted((FOLDER / "tests").glob("*_test.yml"))))


@needs_promtool
def test_the_scrape_configuration_is_sound(tmp_path: Path) -> None:
    for name in ("prometheus.yml", "rules.yml"):
        shutil.copy(FOLDER / name, tmp_path)
    (tmp_path / "metrics-token").write_text("token")
    promtool("check", "config", str(tmp_path / "prometheus.yml"))


def test_every_alert_has_a_test_in_which_it_fires() -> None:
    fired = {
        case["alertname"]
        for path in (FOLDER / "tests").glob("*_test.yml")
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert fired == {alert["alert"] for alert in ALERTS}


def test_the_documented_alerts_have_their_documented_names_and_patience() -> None:
    patience = {alert["alert"]: alert.get("for") for alert in ALERTS}
    documented = {
        "HighErrorRate": "5m",
        "SlowResponses": "10m",
        "CeleryWorkersDown": "2m",
        "StorageQuotaWarning": "15m",
    }
    assert patience.items() >= documented.items()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_says_how_bad_it_is_and_which_page_helps(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"].keys() == {"summary", "description", "runbook"}
    page = ROOT / alert["annotations"]["runbook"]
    assert re.search(rf"\b{alert['alert']}\b", page.read_text()), f"{page.name} does not name {alert['alert']}"

"""Whoever tries Enginel out on one machine may scrape it from there; nobody else's network is opened by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from launcher import services, up
from launcher.layout import State
from launcher.preflight import Options

EMBEDDED = Options(host="127.0.0.1", port=8000, flower_port=5555, database_url="", redis_url="")


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("METRICS_TOKEN", "METRICS_ALLOWED_NETWORKS"):
        monkeypatch.delenv(name, raising=False)


def networks(options: Options, state: Path) -> str | None:
    return services.environment(options, State(state), "redis://x").get("METRICS_ALLOWED_NETWORKS")


def test_the_embedded_default_lets_its_own_machine_in(tmp_path: Path) -> None:
    assert networks(EMBEDDED, tmp_path) == "127.0.0.0/8,::1"
    assert up._metrics_access(EMBEDDED) == "open to this machine"


@pytest.mark.parametrize("change", [{"host": "0.0.0.0"}, {"database_url": "postgres://x"}, {"redis_url": "redis://x"}])
def test_what_others_can_reach_is_open_to_nobody_by_itself(change: dict[str, str], tmp_path: Path) -> None:
    options = replace(EMBEDDED, **change)
    assert networks(options, tmp_path) is None
    assert up._metrics_access(options) == "with the admin token"


def test_what_was_chosen_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_ALLOWED_NETWORKS", "10.0.0.0/8")
    monkeypatch.setenv("METRICS_TOKEN", "a-token-for-scrapers-only")
    assert networks(EMBEDDED, tmp_path) == "10.0.0.0/8"
    assert up._metrics_access(EMBEDDED) == "with the admin token or METRICS_TOKEN or 10.0.0.0/8"
    monkeypatch.setenv("METRICS_ALLOWED_NETWORKS", "")
    assert networks(EMBEDDED, tmp_path) == ""

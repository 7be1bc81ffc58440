"""`monitoring_hooks.py` of each app is imported once, and one that fails stops nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from monitoring.alerts.in_code import discovery

HOOKS = """
from monitoring.alerts import ErrorAlertingSystem

system = ErrorAlertingSystem()
system.add_alert_rule("from_hooks", lambda event: True)
system.add_alert_channel("from_hooks", print)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make packages with hooks; forget them afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    made = []

    def make(name: str, hooks: str | None) -> str:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").touch()
        if hooks is not None:
            (folder / "monitoring_hooks.py").write_text(hooks)
        made.append(name)
        return name

    yield make
    for name in made:
        for known in [one for one in sys.modules if one.partition(".")[0] == name]:
            del sys.modules[known]


def test_channels_of_hooks_are_known_to_every_process_and_called_by_none_but_the_workers(package: Any) -> None:
    discovery.discover([package("shop_hooked", HOOKS), package("shop_plain", None)])
    from shop_hooked.monitoring_hooks import system  # type: ignore[import-not-found]

    assert discovery.problems == []
    assert discovery.shared() == {"from_hooks": print}
    assert list(system._rules) == ["from_hooks"]
    assert system._channels == {}


def test_hooks_that_fail_are_named_and_stop_no_others(package: Any) -> None:
    discovery.discover([package("shop_broken", "1 / 0"), package("shop_whole", HOOKS), "no_such_package.at"])

    assert [problem.partition(" ")[0] for problem in discovery.problems] == [
        "shop_broken.monitoring_hooks",
        "no_such_package.at.monitoring_hooks",
    ]
    assert "ZeroDivisionError" in discovery.problems[0]
    assert "from_hooks" in discovery.shared()

"""Which blocks every process is told of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitoring.protection.blocks import decisions
from tests.protection.control.making import make, now

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows() -> None:
    later = now() + timedelta(hours=1)
    make("203.0.113.1", expires=later)
    make("203.0.113.2", expires=later, withheld="dry_run")
    make("203.0.113.3", expires=later, withheld="shared")
    make("203.0.113.4", expires=now() - timedelta(seconds=1), withheld="dry_run")


@pytest.mark.usefixtures("rows")
def test_who_is_refused_is_told_and_nobody_who_would_be() -> None:
    assert list(decisions.entries()) == ["4:32:cb007101"]
    assert decisions.lengths()["4:32"].value == "1"


@pytest.mark.usefixtures("rows")
def test_in_a_dry_run_those_are_told_who_would_be_refused(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "PROTECTION": "dry_run"}
    assert list(decisions.entries()) == ["4:32:cb007102"]

"""Which checks there are: those that ship, dependencies, and a team's own; wrong ones are named and left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitoring import checks
from monitoring.conf import get_config, load, problems
from monitoring.health import registry

STUBS = "tests.health.stubs"


def test_those_that_ship_are_sound_and_in_order() -> None:
    found = registry.load(get_config())
    assert found.problems == ()
    assert found.components == (
        *("database", "redis", "celery", "storage", "broker", "beat", "intake", "alerts", "disk", "migrations"),
    )


def test_a_team_adds_one_by_listing_its_class(configure: Callable[..., None]) -> None:
    configure(HEALTH_CHECKS=[f"{STUBS}.Billing"])
    assert registry.load(get_config()).components[-1] == "billing"
    assert checks.check_health_checks() == []


def test_a_dependency_is_a_component_that_never_shows_its_address(configure: Callable[..., None]) -> None:
    configure(HEALTH_DEPENDENCIES={"heygen_api": "https://user:secret@api.example.com/?key=secret"})
    check = registry.load(get_config()).checks[-1]
    assert (check.id, check.component) == ("dependency:heygen_api", "heygen_api")
    assert "secret" not in repr(check)
    assert "secret" not in repr(get_config())


@pytest.mark.parametrize(
    ("listed", "complaint"),
    [
        ([f"{STUBS}.Billing", f"{STUBS}.Billing"], "the id 'billing' is taken by Billing"),
        ([f"{STUBS}.Taken"], "the id 'database' is taken by Database"),
        ([f"{STUBS}.Slow"], "at most 10 s"),
        ([f"{STUBS}.NoSuchThing"], "cannot be made: ImportError"),
        (["pathlib.Path"], "is no monitoring.component.Check"),
    ],
)
def test_a_wrong_one_is_a_system_check_error_and_left_out(
    configure: Callable[..., None], listed: list[str], complaint: str
) -> None:
    configure(HEALTH_CHECKS=listed)
    (message,) = checks.check_health_checks()
    assert message.id == "monitoring.E002"
    assert complaint in str(message)
    ids = [check.id for check in registry.load(get_config()).checks]
    assert len(ids) == len(set(ids)) >= len(registry.SHIPPED)


@pytest.mark.parametrize("value", [{"a": "ftp://x"}, {"a": 1}, {"": "http://x"}, ["http://x"]])
def test_dependencies_of_a_wrong_form_are_named(value: Any) -> None:
    assert "http(s) URLs" in problems({"HEALTH_DEPENDENCIES": value})[0]
    assert load({"HEALTH_DEPENDENCIES": value}).health_dependencies == {}

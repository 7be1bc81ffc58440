"""How bad an error is, by its class, by what it ended, and by what somebody said of it."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.models import ErrorLog
from monitoring.recording.wire import Record
from monitoring.stream.streams import FACTS
from tests.errors.digest.events import Shop, error, now
from tests.pipeline import drain_all

pytestmark = [pytest.mark.usefixtures("redis_client"), pytest.mark.django_db]
LOGGED = {"logger": "shop", "log": "it broke"}
DATABASE = [{"type": "sqlite3.Error", "mro": ["sqlite3.Error"], "message": "", "link": "", "frames": []}]


@pytest.mark.parametrize(
    ("values", "severity"),
    [
        ({"status": 500}, "high"),
        ({"status": 404}, "low"),
        ({"status": 0, "handled": False}, "high"),
        ({"status": 0, "handled": True}, "low"),
        ({"status": 0, "handled": False, "expected": True}, "low"),
        ({"status": 500, "severity": "low"}, "high"),
        ({"status": 404, "severity": "medium"}, "medium"),
        ({"status": 0, "handled": True, "severity": "critical"}, "critical"),
        ({"status": 0, "handled": True, "severity": "low", "chain": DATABASE}, "low"),
        ({"status": 0, "handled": True, "severity": "ERROR", "chain": DATABASE, "context": LOGGED}, "critical"),
        ({"status": 0, "handled": True, "severity": "ERROR", "context": LOGGED}, "high"),
        ({"status": 500, "severity": "CRITICAL", "context": LOGGED}, "critical"),
        ({"status": 500, "severity": "loud"}, "high"),
        ({"kind": "log", "status": 0, "severity": "CRITICAL"}, "critical"),
    ],
)
def test_an_error_and_its_group_are_as_bad_as(values: dict[str, Any], severity: str) -> None:
    Shop().send(error(**values))
    drain_all(FACTS)
    assert ErrorLog.objects.get().severity == ErrorGroup.objects.get().severity == severity


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(
    ("first", "more", "severity"),
    [
        ({"severity": "low", "handled": True}, {"handled": False, "status": 500}, "high"),
        ({"severity": "low", "handled": True}, {"handled": True, "severity": "ERROR", "context": LOGGED}, "high"),
        ({"severity": "critical", "handled": True}, {"handled": False, "severity": "ERROR"}, "critical"),
        ({"handled": True}, {"handled": False}, "high"),
        ({"handled": True}, {"handled": True, "severity": "medium"}, "medium"),
        ({"handled": False}, {"handled": True, "severity": "low"}, "high"),
    ],
)
def test_what_becomes_known_of_it_makes_it_worse(
    later: bool, first: dict[str, Any], more: dict[str, Any], severity: str
) -> None:
    shop, one = Shop(), error(**({"status": 0} | first))
    amendment = Record("amendment", now(), {"id": one.values["id"], **more})
    if later:
        shop.send(one)
        drain_all(FACTS)
        shop.send(amendment)
    else:
        shop.send(one, amendment)
    drain_all(FACTS)
    assert ErrorLog.objects.get().severity == severity

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.component import Status
from monitoring.health import retention, rows
from monitoring.health.models import ComponentChange
from monitoring.health.snapshot import Part

pytestmark = pytest.mark.django_db


def told(status: Status, ago: float, message: str = "") -> None:
    now = time.time()
    rows.write("redis", Part(status, message, checked=now - ago, since=now - ago))


def changes() -> list[str]:
    return list(ComponentChange.objects.order_by("at").values_list("status", flat=True))


def test_what_became_of_a_component_is_kept_once_for_each_change() -> None:
    told(Status.HEALTHY, 60)
    told(Status.UNHEALTHY, 50, "No answer")
    told(Status.UNHEALTHY, 40, "Still none")
    told(Status.HEALTHY, 30)
    told(Status.UNHEALTHY, 45, "an evaluator that is late")

    assert changes() == ["unhealthy", "healthy"]
    assert ComponentChange.objects.order_by("at")[0].message == "No answer"


def test_a_component_that_is_unhealthy_from_the_first_is_a_change_and_old_ones_go() -> None:
    told(Status.UNHEALTHY, 60)
    assert changes() == ["unhealthy"]

    ComponentChange.objects.update(at=timezone.now() - timedelta(days=31))
    retention.prune()
    assert changes() == []

"""Blocks, refusals and notices are counted from zero on, and under one name each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from monitoring.protection.blocks import totals
from monitoring.protection.blocks.models import BlockOrigin, Withheld
from monitoring.protection.notices import totals as notices
from monitoring.protection.throttles import actions
from monitoring.protection.throttles.limit import Limit
from monitoring.recording.enforcement.counting import NAMES, REFUSED, count
from monitoring.recording.recorder import recorder
from tests.pipeline import drain_all
from tests.protection.control.making import make, now

from .conftest import Samples, series

pytestmark = pytest.mark.usefixtures("redis_client", "db")
Read = Callable[[], Samples]


def test_there_are_zeros_before_anything_happened(samples: Read) -> None:
    found = samples()
    assert series(found, "enginel_client_blocks_active") == 0
    assert series(found, "enginel_throttles_active") == 0
    for origin in BlockOrigin.values:
        assert series(found, "enginel_client_blocks_total", origin=origin) == 0
    for reason in Withheld.values:
        assert series(found, "enginel_client_would_block_total", reason=reason) == 0
    for reason in ("block", "throttle"):
        assert series(found, "enginel_requests_refused_total", reason=reason) == 0
        assert series(found, "enginel_requests_would_refuse_total", reason=reason) == 0
    for reason in ("unready", "failed"):
        assert series(found, "enginel_requests_unjudged_total", reason=reason) == 0
    for kind in ("block", "patch"):
        assert series(found, "enginel_protection_notices_total", kind=kind, outcome="planned") == 0
    assert series(found, "enginel_metrics_complete", part="protection") == 1


def test_what_happened_is_counted_once_and_under_one_name(samples: Read) -> None:
    make("203.0.113.7")
    make("203.0.113.8", ended=now())
    totals.add({"blocked": 2, "manual": 1, "shared": 3}, "default")
    totals.add({"blocked": 1}, "default")
    notices.add("block", "sent", "default")
    actions.create(Limit("all", "*", 1.0, 1, "all"), "anna", datetime.now(UTC))
    for name in (*NAMES, REFUSED["block"]):
        count(name)
    recorder.flush()
    drain_all()
    found = samples()
    assert series(found, "enginel_client_blocks_active") == 1
    assert series(found, "enginel_throttles_active") == 1
    assert series(found, "enginel_client_blocks_total", origin="auto") == 3
    assert series(found, "enginel_client_blocks_total", origin="manual") == 1
    assert series(found, "enginel_client_would_block_total", reason="shared") == 3
    assert series(found, "enginel_requests_refused_total", reason="block") == 2
    assert series(found, "enginel_requests_refused_total", reason="throttle") == 1
    assert series(found, "enginel_requests_unjudged_total", reason="unready") == 1
    assert series(found, "enginel_protection_notices_total", kind="block", outcome="sent") == 1
    assert not [name for name, _ in found if name.startswith("protection_")]

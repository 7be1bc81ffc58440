"""The alternative that code has registered is called at once in this very process, until that is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from monitoring.recording import presence
from monitoring.recording.decisions import copy
from monitoring.recording.resilience import fallbacks
from monitoring.recording.resilience.fallbacks import is_degraded, with_fallback
from monitoring.recovery.strategies.base import Plan, RefusedError, Site
from monitoring.recovery.strategies.fallback import Fallback

from .conftest import case, effect, order, site_of, wait_for

FALLBACK = Fallback()
FAILED = case(dependency="prices")


@pytest.fixture
def following(settings: Any, redis_client: redis.Redis) -> Iterator[None]:
    """This process follows decisions and tells of itself."""
    settings.MONITORING = {**settings.MONITORING, "HEARTBEAT_INTERVAL": 0.2}
    fallbacks.forget()
    presence.begin()
    yield
    copy.reset()
    fallbacks.forget()


def planned(site: Site) -> Plan | None:
    try:
        return FALLBACK.plan(FAILED, site)
    except RefusedError:
        return None


@pytest.mark.usefixtures("following")
@pytest.mark.django_db(transaction=True)
def test_the_alternative_answers_until_that_is_taken_back() -> None:
    site = site_of()

    @with_fallback("prices", lambda part: f"{part}: 7 (of yesterday)")
    def price(part: str) -> str:
        return f"{part}: 8"

    assert price("bolt") == "bolt: 8"
    plan = wait_for(lambda: planned(site), "this process tells of its alternative")
    assert plan.target == "fallback:enginel:prices"
    assert plan.parameters == {"fallback_service": "prices", "fallback_mode": "degraded"}
    wanted = order(FAILED, plan)
    applied = FALLBACK.apply(wanted, site)
    site.project()
    seen = effect(FALLBACK, wanted, applied, site)
    assert (seen.effect, seen.facts["done"]) == (True, 1), seen
    assert is_degraded("prices")
    assert price("bolt") == "bolt: 7 (of yesterday)"

    assert FALLBACK.undo(wanted, applied.undo or {}, site) == "prices is called first again."
    site.project()
    wait_for(lambda: not is_degraded("prices"), "this process knows")
    assert price("bolt") == "bolt: 8"
    assert FALLBACK.undo(wanted, applied.undo or {}, site) == "That was over already."


@pytest.mark.django_db
def test_it_says_why_it_cannot(site: Site, redis_client: redis.Redis) -> None:
    with pytest.raises(RefusedError, match="inside of nothing that has an alternative"):
        FALLBACK.plan(case(), site)
    with pytest.raises(RefusedError, match="No process that lives has registered an alternative to 'prices'"):
        FALLBACK.plan(FAILED, site)

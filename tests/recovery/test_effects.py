"""Effects as rows: one stands on a key of a service, the same order finds its own, and processes acknowledge them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, transaction

from monitoring.recovery import effects
from monitoring.recovery.effects.acknowledging import Acknowledgement
from monitoring.recovery.effects.decisions import entries_of
from monitoring.recovery.effects.models import Effect
from monitoring.recovery.strategies.base import Order, Plan, RefusedError, Site
from monitoring.stream import heartbeats

from .strategies.conftest import case, order, site

__all__ = ["site"]
NOW = datetime.now(UTC)


def an_order(service: str = "enginel", now: datetime = NOW) -> Order:
    made = order(case(service=service), Plan("x", {}, "x"))
    return Order(made.id, made.case, made.plan, now)


def put(of: Order, seconds: float | None = None, key: str = "http:payments") -> Effect:
    with transaction.atomic():
        return effects.put("timeout", key, {"seconds": 9}, of, alias=DEFAULT_DB_ALIAS, seconds=seconds)


def test_the_same_order_again_finds_its_effect_and_another_one_is_refused(db: None) -> None:
    first = an_order()
    assert put(first) == put(first)
    with pytest.raises(RefusedError, match="http:payments"):
        put(an_order())
    assert put(an_order("billing")).service == "billing"
    assert put(an_order(), key="http:mail").key == "http:mail"
    assert effects.end(first.id, DEFAULT_DB_ALIAS, by="me") == 1
    assert effects.end(first.id, DEFAULT_DB_ALIAS) == 0
    assert put(an_order()).ended is None


def test_what_is_over_by_itself_makes_room(db: None) -> None:
    first = put(an_order(), seconds=60)
    with pytest.raises(RefusedError):
        put(an_order(now=NOW + timedelta(seconds=59)))
    put(an_order(now=NOW + timedelta(seconds=60)))
    first.refresh_from_db()
    assert first.ended_by == "expired"


def test_processes_are_told_what_stands_with_its_id_and_expiry(db: None) -> None:
    row = put(an_order(), seconds=3600)
    put(an_order(now=NOW - timedelta(seconds=60)), seconds=30, key="http:over")
    ended = an_order()
    put(ended, key="http:ended")
    effects.end(ended.id, DEFAULT_DB_ALIAS)
    ((key, entry),) = entries_of("timeout")().items()
    assert key == "enginel:http:payments"
    assert json.loads(entry.value) == {"id": str(row.pk), "seconds": 9}
    assert entry.expires == int((NOW + timedelta(seconds=3600)).timestamp() * 1000)
    assert entries_of("pool")() == {}


def test_what_is_long_over_is_forgotten(db: None) -> None:
    ended = an_order()
    put(ended)
    effects.end(ended.id, DEFAULT_DB_ALIAS)
    put(an_order(), seconds=10, key="http:expired")
    stands = put(an_order(), key="http:stands")
    assert effects.forget(datetime.now(UTC) + timedelta(seconds=60), DEFAULT_DB_ALIAS) == 2
    assert list(Effect.objects.all()) == [stands]


def test_it_is_acknowledged_by_those_that_it_is_meant_for_and_live(db: None, site: Site) -> None:
    row = put(an_order())
    said = {"done": {str(row.pk): ""}, "cannot": {str(row.pk): "no pool"}, "silent": {}}

    def tell(name: str, kind: Any = "web", **state: Any) -> None:
        told = {"instance": name, "interval": 60, "service": "enginel", "effects": said.get(name, {}), **state}
        heartbeats.send(site.client, site.config.stream_prefix, kind, name, told)

    for name in said:
        tell(name)
    tell("dead", closing=True)
    tell("other", service="billing")
    tell("unwanted")
    tell("mill", "worker", effects={str(row.pk): ""})
    found = effects.acknowledgement(row, site, lambda one: "no" if one.node == "unwanted" else None)
    assert set(found.targets) == {"done", "cannot", "silent", "mill"}
    assert (set(found.done), found.waiting) == ({"done", "mill"}, ("silent",))
    assert found.refused == {"cannot": "no pool"}
    assert found.effect is None
    assert found.says() == ("2 of 4 processes applied it; 1 have not said so yet; 1 cannot (cannot: no pool).")
    tell("silent", closing=True)
    tell("unwanted", closing=True)
    assert effects.acknowledgement(row, site, lambda _: None).effect


def test_nobody_who_could_is_no_effect() -> None:
    assert Acknowledgement().effect is False
    assert Acknowledgement(("a",), (), (), {"a": "no"}).effect is False
    assert Acknowledgement().says() == "No process lives that could."

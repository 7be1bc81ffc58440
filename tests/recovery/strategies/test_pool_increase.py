"""Pools of connections grow where somebody waits for one, as far as the server has room, and shrink again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import psycopg_pool
import pytest
from django.db import OperationalError, connections

from monitoring.recording import presence
from monitoring.recovery.effects import end
from monitoring.recovery.strategies import pool_increase, server_slots
from monitoring.recovery.strategies.base import RefusedError, Site
from monitoring.recovery.strategies.pool_increase import PoolIncrease
from monitoring.recovery.strategies.server_slots import ServerSlots
from monitoring.stream import heartbeats

from .conftest import case, effect, order, wait_for
from .pooled import ALIAS, connect, database

STRATEGY = PoolIncrease()


@pytest.fixture
def pool() -> Iterator[list[Any]]:
    with database(pool={"min_size": 1, "max_size": 2, "timeout": 0.1}) as made:
        presence.begin()
        yield made


def tell(site: Site, instance: str, **pools: Any) -> None:
    """Let a process be heard of that has pools."""
    state = {"instance": instance, "interval": 60, "service": "enginel", "can": {"pools": pools}}
    heartbeats.send(site.client, site.config.stream_prefix, "web", "shop@host", state)


def connected(made: list[Any]) -> Any:
    """Connect, however long the server takes for a connection that there is room for."""
    found: list[Any] = []

    def got_one() -> bool:
        try:
            found.append(connect(made))
        except OperationalError:
            return False
        return True

    wait_for(got_one, "there is a connection")
    return found[0]


def exhausted(made: list[Any]) -> OperationalError:
    with pytest.raises(OperationalError) as caught:
        connect(made)
    assert isinstance(caught.value.__cause__, psycopg_pool.PoolTimeout)
    return caught.value


def test_a_pool_that_is_waited_for_grows_and_has_its_own_size_again_when_that_is_taken_back(
    db: None, pool: list[Any], site: Site
) -> None:
    held = [connected(pool), connected(pool)]
    error = exhausted(pool)
    of = case(error_type="DatabaseError", exception_type="django.db.utils.OperationalError", message=str(error))
    wait_for(lambda: any((one.state.get("can") or {}).get("pools") for one in site.processes()), "the pool is told of")

    done = order(of, STRATEGY.plan(of, site))
    assert (done.plan.parameters["current_size"], done.plan.parameters["new_size"]) == (2, 5)
    assert done.plan.parameters["increment_percent"] == 150
    applied = STRATEGY.apply(done, site)
    assert STRATEGY.apply(done, site) == applied
    site.project()
    seen = effect(STRATEGY, done, applied, site)
    assert seen.effect, seen
    assert seen.facts["done"] == 1
    held += [connected(pool) for _ in range(3)]
    exhausted(pool)

    assert applied.undo is not None
    STRATEGY.undo(done, applied.undo, site)
    site.project()
    live = connections[ALIAS].pool
    wait_for(lambda: live.max_size == 2, "the pool has its own size again")
    assert connections.settings[ALIAS]["OPTIONS"]["pool"] == {"min_size": 1, "max_size": 2, "timeout": 0.1}
    for one in held:
        one.close()
    wait_for(lambda: presence.effects.capabilities() and live.get_stats()["pool_size"] <= 2, "no surplus is left")


def test_a_pool_that_is_opened_later_has_the_new_size_too(db: None, site: Site) -> None:
    with database(pool=True) as made:
        presence.begin()
        tell(site, "other", **{ALIAS: {"most": 4, "size": 4, "waiting": 2}})
        wait_for(site.processes, "the process is told of")
        done = order(of := case(), STRATEGY.plan(of, site))
        STRATEGY.apply(done, site)
        site.project()
        wait_for(presence.effects.applied, "it is applied")
        connect(made)
        assert (connections[ALIAS].pool.min_size, connections[ALIAS].pool.max_size) == (4, 10)
        end(done.id, site.alias)
        site.project()
        wait_for(lambda: connections.settings[ALIAS]["OPTIONS"]["pool"] is True, "it is taken back")


WAITED = {"exception_type": "psycopg_pool.PoolTimeout", "message": "couldn't get a connection after 30.00 sec"}


def test_what_one_pool_gets_is_multiplied_by_the_number_of_processes(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_increase, "slots", lambda _: ServerSlots(most=100, used=40, spare=10))
    for number in range(4):
        tell(site, f"p{number}", default={"most": 10, "size": 8, "timeouts": 1})
    plan = STRATEGY.plan(case(**WAITED), site)
    # 50 are free, 8 of them promised: 10 more for each of four processes.
    assert (plan.parameters["new_size"], plan.parameters["processes"]) == (20, 4)
    assert "40 of 100 connections are used, 8 more are promised" in plan.says
    assert plan.target == "pool:enginel:default"


def test_processes_of_a_prefork_pool_that_said_nothing_yet_are_counted_and_their_parent_is_not(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_increase, "slots", lambda _: ServerSlots(most=100, used=40, spare=10))
    pools = {"can": {"pools": {"default": {"most": 4, "size": 0}}}, "interval": 60, "service": "enginel", "host": "h"}
    main = {**pools, "instance": "main", "pool": "prefork", "pid": 1, "processes": [2, 3, 4]}
    heartbeats.send(site.client, site.config.stream_prefix, "worker", "celery@h", main)
    child = {**pools, "instance": "child", "pid": 2, "parent": 1}
    heartbeats.send(site.client, site.config.stream_prefix, "process", "celery@h", child)
    plan = STRATEGY.plan(case(**WAITED), site)
    assert (plan.parameters["processes"], plan.parameters["new_size"]) == (3, 10)
    assert "12 more are promised" in plan.says


@pytest.mark.parametrize(
    ("values", "pools", "reason"),
    [
        (WAITED, {}, "No process has a pool"),
        ({}, {"default": {"most": 10, "size": 10}}, "Nobody waits"),
        ({"message": "FATAL: sorry, too many clients already"}, {"default": {"most": 10}}, "The server itself"),
        (WAITED, {"default": {"most": 30, "size": 2}}, "The server has no room"),
        (WAITED | {"facts": {"database": "archive"}}, {"default": {"most": 3, "size": 3}}, "of the database 'archive'"),
    ],
)
def test_it_refuses_where_it_would_not_help_or_the_server_has_no_room(
    values: dict[str, Any], pools: dict[str, Any], reason: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_increase, "slots", lambda _: ServerSlots(most=50, used=20, spare=5))
    tell(site, "only", **pools)
    with pytest.raises(RefusedError, match=reason):
        STRATEGY.plan(case(**values), site)


def test_a_pool_of_another_service_is_not_meant(site: Site) -> None:
    tell(site, "only", default={"most": 10})
    with pytest.raises(RefusedError, match="No process has a pool"):
        STRATEGY.plan(case(service="billing", **WAITED), site)


def test_the_server_says_itself_what_it_has_left(db: None) -> None:
    with database() as made:
        before = server_slots.slots(ALIAS)
        for _ in range(3):
            connect(made)
        after = server_slots.slots(ALIAS)
        assert before.most == after.most > before.used > 0
        assert after.spare == max(math.floor(after.most * 0.1), 3)


def test_the_tightest_limit_counts_be_it_the_roles_or_the_databases() -> None:
    assert server_slots.least(100, 3, 40, -1, 10, -1, 10) == ServerSlots(97, 40, 9)
    assert server_slots.least(100, 3, 40, 20, 10, -1, 10) == ServerSlots(20, 10, 3)
    assert server_slots.least(100, 3, 40, 20, 10, 12, 11).free == 0


def test_sqlite_has_no_slots() -> None:
    with pytest.raises(RefusedError, match="not one of PostgreSQL"):
        server_slots.slots("nowhere")

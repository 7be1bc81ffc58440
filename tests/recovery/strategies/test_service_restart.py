"""Processes that somebody starts anew are restarted in turn, on real servers and workers; no others are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitoring.recording.effects.slots import Slots
from monitoring.recovery.strategies.base import RefusedError, Site
from monitoring.recovery.strategies.service_restart import ServiceRestart
from monitoring.stream import heartbeats

from .conftest import case, effect, order, wait_for
from .mills import mill
from .servers import gunicorn

STRATEGY = ServiceRestart()
IN_TASK = {"kind": "task", "task_id": "1"}


def of_web(site: Site) -> list[heartbeats.Heartbeat]:
    return [one for one in site.processes() if one.kind == "web" and one.alive]


@pytest.mark.system
def test_the_workers_of_gunicorn_leave_by_thirds_and_every_request_is_answered(
    db: None, site: Site, tmp_path: Path
) -> None:
    with gunicorn(tmp_path, workers=6) as server:
        before = server.pids()
        wait_for(lambda: len(of_web(site)) == 6, "all six say that they live")
        assert all(one.state["supervised"] for one in of_web(site))
        server.watch()

        done = order(of := case(), STRATEGY.plan(of, site))
        assert done.plan.seconds == 3 * 30 + 60
        applied = STRATEGY.apply(done, site)
        assert STRATEGY.apply(done, site) == applied
        site.project()
        seen = effect(STRATEGY, done, applied, site)
        assert seen.effect, seen
        assert seen.facts["left"] == 0
        wait_for(lambda: len(server.pids()) == 6 and len(of_web(site)) == 6, "six live again")
        assert not server.pids() & before
        assert server.fewest >= 4
        assert server.failures == []
        # Those that came since are not named, and so stay though it still stands.
        assert len({one.state["pid"] for one in of_web(site)} & server.pids()) == 6


@pytest.mark.system
def test_a_prefork_pool_restarts_and_what_runs_in_it_is_finished(db: None, site: Site, tmp_path: Path) -> None:
    with mill(site, tmp_path, MILL_POOL_RESTARTS="1") as one:
        one.start(concurrency=3)
        before = set(wait_for(lambda: len(_pool(one)) == 3 and _pool(one), "three processes are told of"))
        running = one.send("grind", 1.5, soft_time_limit=20)
        wait_for(lambda: (one.heartbeat() or _NOBODY).state["busy"], "it runs")
        done = order(of := case(**IN_TASK, queue=one.name), STRATEGY.plan(of, site))
        applied = STRATEGY.apply(done, site)
        site.project()
        seen = effect(STRATEGY, done, applied, site)
        assert seen.effect, seen
        assert running.get(timeout=30) in before
        wait_for(lambda: len(_pool(one)) == 3, "three live again")
        assert not set(_pool(one)) & before
        assert one.process.poll() is None
        assert one.send("grind", 0.0).get(timeout=30) in _pool(one)


@pytest.mark.system
def test_a_supervised_worker_ends_after_its_task_and_is_started_anew(db: None, site: Site, tmp_path: Path) -> None:
    with mill(site, tmp_path) as one:
        assert one.start("threads", SUPERVISED=True).state["supervised"] == "settings"
        running = one.send("grind", 1.0)
        wait_for(lambda: (one.heartbeat() or _NOBODY).state["busy"], "it runs")
        done = order(of := case(**IN_TASK, queue=one.name), STRATEGY.plan(of, site))
        applied = STRATEGY.apply(done, site)
        site.project()
        # So that those who restart only what failed do so, too.
        assert one.process.wait(30) == 75
        assert running.get(timeout=10)
        assert STRATEGY.seen(done, applied, site).effect is None
        one.start("threads", SUPERVISED=True)
        seen = effect(STRATEGY, done, applied, site)
        assert seen.effect, seen
        assert seen.facts == {"left": 0, "fresh": 1}
        assert one.process.poll() is None


@pytest.mark.system
def test_a_worker_that_nobody_would_start_anew_is_left_alone(db: None, site: Site, tmp_path: Path) -> None:
    with mill(site, tmp_path) as one:
        one.start(SUPERVISED=False)
        with pytest.raises(RefusedError, match="would not come back"):
            STRATEGY.plan(case(**IN_TASK, queue=one.name), site)


def _pool(one: Any) -> list[int]:
    return list((one.heartbeat() or _NOBODY).state.get("processes") or [])


_NOBODY = heartbeats.Heartbeat("worker", "", 0.0, {"busy": 0, "processes": []})


def tell(site: Site, kind: Any, name: str, **state: Any) -> None:
    told = {"instance": name, "interval": 60, "service": "enginel", "pid": 7, **state}
    heartbeats.send(site.client, site.config.stream_prefix, kind, name, told)


def test_web_processes_without_a_server_that_replaces_them_are_left_alone(site: Site) -> None:
    with pytest.raises(RefusedError, match="No web process"):
        STRATEGY.plan(case(), site)
    tell(site, "web", "one", supervised=True)
    tell(site, "web", "two", supervised=False)
    with pytest.raises(RefusedError, match="1 of 2 web processes have no gunicorn"):
        STRATEGY.plan(case(), site)


def test_workers_of_other_queues_are_left_alone(site: Site) -> None:
    tell(site, "worker", "mail", supervised="systemd", queues=["mail"])
    with pytest.raises(RefusedError, match="No worker that consumes designs"):
        STRATEGY.plan(case(**IN_TASK, queue="designs"), site)
    plan = STRATEGY.plan(case(**IN_TASK, queue="mail"), site)
    assert [place["key"] for place in plan.parameters["places"]] == ["worker:mail"]


def test_a_process_that_refuses_is_told_of(db: None, site: Site) -> None:
    tell(site, "web", "one", supervised=True)
    done = order(of := case(), STRATEGY.plan(of, site))
    applied = STRATEGY.apply(done, site)
    assert STRATEGY.seen(done, applied, site).effect is None
    row = str(wait_for(lambda: _rows(done.id), "it is a row")[0])
    tell(site, "web", "one", supervised=True, effects={row: "Nobody is known to start it anew."})
    seen = STRATEGY.seen(done, applied, site)
    assert (seen.effect, seen.says) == (False, "It was refused: Nobody is known to start it anew.")
    assert "stays" in STRATEGY.undo(done, {}, site)


def _rows(action: Any) -> list[Any]:
    from monitoring.recovery.effects.models import Effect

    return list(Effect.objects.filter(action_id=action).values_list("pk", flat=True))


def test_slots_are_few_and_are_given_back_by_who_comes_in_the_place_of_the_dead(site: Site) -> None:
    here, there = (Slots(f"{site.config.stream_prefix}:restart:x", place) for place in ("h:1", "h:2"))
    assert here.take(site.client, "a", 1, 30)
    assert here.take(site.client, "a", 1, 30)
    assert not there.take(site.client, "b", 1, 30)
    assert not there.give_back(site.client)
    assert here.give_back(site.client)
    assert there.take(site.client, "b", 1, 30)
    site.client.zadd(there.key, {"h:2|1|b": 1})
    site.client.zrem(there.key, *[one for one in site.client.zrange(there.key, 0, -1) if one != b"h:2|1|b"])
    assert here.take(site.client, "c", 1, 30)

"""What admins do to workers, with real ones of every pool: the effect is looked at, not believed."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.jobs.actions.models import Action

from .conftest import Yard, wait_until


def test_a_prefork_pool_grows_and_shrinks(act: Any, yard: Yard) -> None:
    node = yard.worker("prefork")
    grown = act(f"workers/{node}/scale", by=1)
    assert (grown.status_code, grown.json()["state"]) == (200, "done"), grown.json()
    assert grown.json()["facts"]["before"] + 1 == grown.json()["facts"]["after"]
    shrunk = act(f"workers/{node}/scale", by=-1).json()
    assert (shrunk["state"], shrunk["facts"]["after"]) == ("done", grown.json()["facts"]["before"])


def test_a_pool_keeps_at_least_one(act: Any, yard: Yard) -> None:
    response = act(f"workers/{yard.worker('prefork')}/scale", by=-50)
    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")
    assert "at least one must remain" in response.json()["detail"]
    assert Action.objects.get(pk=response.json()["action"]).state == "refused"


def test_a_gevent_pool_grows_and_shrinks(act: Any, yard: Yard) -> None:
    pytest.importorskip("gevent")
    node = yard.worker("gevent", "-c", "4")
    grown = act(f"workers/{node}/scale", by=2).json()
    assert (grown["state"], grown["facts"]["before"], grown["facts"]["after"]) == ("done", 4, 6)
    assert act(f"workers/{node}/scale", by=-2).json()["facts"]["after"] == 4


@pytest.mark.parametrize("pool", ["threads", "solo"])
def test_a_pool_of_fixed_size_says_so(act: Any, yard: Yard, pool: str) -> None:
    node = yard.worker(pool)
    response = act(f"workers/{node}/scale", by=1)
    assert response.status_code == 409
    assert f"{node} has a {pool} pool, whose size is fixed" in response.json()["detail"]


def test_autoscale_alone_decides_on_the_size(act: Any, yard: Yard) -> None:
    node = yard.worker("prefork", "--autoscale=2,1", name="auto")
    response = act(f"workers/{node}/scale", by=1)
    assert response.status_code == 409
    assert "--autoscale" in response.json()["detail"]


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_rate_limit_is_read_back(act: Any, yard: Yard, pool: str) -> None:
    node = yard.worker(pool)
    limited = act(f"workers/{node}/rate-limit", task="shop.ok", rate="10/m").json()
    assert (limited["state"], limited["facts"]["after"]) == ("done", "10/m")
    assert "until that worker restarts" in limited["detail"]
    lifted = act(f"workers/{node}/rate-limit", task="shop.ok", rate="0").json()
    assert lifted["detail"].startswith("shop.ok is no longer limited")


def test_a_task_the_worker_does_not_know_is_refused(act: Any, yard: Yard) -> None:
    response = act(f"workers/{yard.worker('prefork')}/rate-limit", task="shop.nothing", rate="1/s")
    assert response.status_code == 409
    assert "knows no task shop.nothing" in response.json()["detail"]


@pytest.mark.parametrize("pool", ["prefork", "threads", "gevent"])
def test_a_consumer_is_added_and_cancelled(act: Any, yard: Yard, pool: str) -> None:
    if pool == "gevent":
        pytest.importorskip("gevent")
        node = yard.worker(pool, "-c", "4")
    else:
        node = yard.worker(pool)
    added = act(f"workers/{node}/add-consumer", queue=f"extra-{pool}").json()
    assert (added["state"], added["facts"]["after"]) == ("done", sorted([f"extra-{pool}", pool])), added
    again = act(f"workers/{node}/add-consumer", queue=f"extra-{pool}").json()
    assert (again["state"], again["detail"]) == ("no_effect", f"{node} consumes from extra-{pool}, as before.")
    cancelled = act(f"workers/{node}/cancel-consumer", queue=f"extra-{pool}").json()
    assert (cancelled["state"], cancelled["facts"]["after"]) == ("done", [pool])
    assert act(f"workers/{node}/cancel-consumer", queue="never").json()["state"] == "no_effect"


def test_a_solo_worker_that_is_busy_does_not_answer(act: Any, shop: Any, yard: Yard) -> None:
    node = yard.worker("solo")
    shop.hold.apply_async(("solo-busy",), queue="solo")
    wait_until(lambda: yard.ran("solo-busy"), "the task runs")
    try:
        response = act(f"workers/{node}/rate-limit", task="shop.ok", rate="1/s")
        assert response.status_code == 503
        assert response.json()["detail"] == f"{node} did not answer within 1 s. Nothing was changed."
    finally:
        yard.client.set("go:solo-busy", 1)


def test_a_worker_nobody_saw_is_not_found(act: Any, yard: Yard) -> None:
    response = act("workers/celery@nowhere/scale", by=1)
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert not Action.objects.exists()


def test_a_worker_that_is_down_is_refused(act: Any, yard: Yard) -> None:
    node = yard.worker("solo", name="mortal")
    yard.kill("mortal")
    wait_until(lambda: yard.beat(node) is None, "its heartbeat is old")
    response = act(f"workers/{node}/cancel-consumer", queue="mortal")
    assert response.status_code == 409
    assert f"{node} is down" in response.json()["detail"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("scale", {"by": 0}, "by"),
        ("scale", {"by": 1000}, "by"),
        ("scale", {}, "by"),
        ("rate-limit", {"task": "shop.ok", "rate": "often"}, "rate"),
        ("rate-limit", {"task": "shop.ok", "rate": "1/d"}, "rate"),
        ("rate-limit", {"rate": "1/s"}, "task"),
        ("add-consumer", {"queue": ""}, "queue"),
        ("cancel-consumer", {}, "queue"),
    ],
)
def test_a_bad_parameter_is_named(act: Any, path: str, body: dict[str, Any], field: str) -> None:
    response = act(f"workers/celery@nowhere/{path}", **body)
    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]

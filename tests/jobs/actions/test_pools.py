"""What admins do, with a real worker of every pool: the effect is looked at, not believed."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.jobs.actions import remote

from .conftest import Yard, wait_until

pytestmark = pytest.mark.system

_NOBODYS = "2f2e6c5e-0000-4000-8000-000000000000"


def hold(shop: Any, yard: Yard, queue: str, key: str) -> str:
    """Start a task that runs until it is let go or ended; return its id."""
    task_id = str(shop.hold.apply_async((key,), queue=queue).id)
    wait_until(lambda: yard.ran(key), f"{key} runs", lambda: yard.log(queue))
    return task_id


def change_queues(act: Any, node: str, own: str) -> None:
    added = act(f"workers/{node}/add-consumer", queue="extra").json()
    assert (added["state"], added["facts"]["after"]) == ("done", sorted(["extra", own])), added
    again = act(f"workers/{node}/add-consumer", queue="extra").json()
    assert (again["state"], again["detail"]) == ("no_effect", f"{node} consumes from extra, as before.")
    cancelled = act(f"workers/{node}/cancel-consumer", queue="extra").json()
    assert (cancelled["state"], cancelled["facts"]["after"]) == ("done", [own]), cancelled
    assert act(f"workers/{node}/cancel-consumer", queue="never").json()["state"] == "no_effect"


def limit_rates(act: Any, node: str) -> None:
    limited = act(f"workers/{node}/rate-limit", task="shop.ok", rate="10/m").json()
    assert (limited["state"], limited["facts"]["after"]) == ("done", "10/m"), limited
    assert "until that worker restarts" in limited["detail"]
    lifted = act(f"workers/{node}/rate-limit", task="shop.ok", rate="0").json()
    assert lifted["detail"].startswith("shop.ok is no longer limited")
    unknown = act(f"workers/{node}/rate-limit", task="shop.nothing", rate="1/s")
    assert unknown.status_code == 409
    assert "knows no task shop.nothing" in unknown.json()["detail"]


def refuse_to_end(act: Any, task_id: str, node: str, pool: str, yard: Yard) -> None:
    def told() -> bool:
        beat = yard.beat(node)
        return beat is not None and task_id in [one["id"] for one in beat.state["active"]]

    wait_until(told, "the heartbeat tells of the task")
    response = act(f"tasks/{task_id}/revoke", terminate=True)
    assert response.status_code == 409
    assert f"{node} runs it in a {pool} pool, where a task cannot be ended" in response.json()["detail"]


@pytest.mark.usefixtures("patient")
def test_a_prefork_worker_grows_shrinks_and_ends_tasks(act: Any, shop: Any, yard: Yard) -> None:
    node = yard.worker("prefork")
    change_queues(act, node, "prefork")
    limit_rates(act, node)

    grown = act(f"workers/{node}/scale", by=1).json()
    assert (grown["state"], grown["facts"]["before"], grown["facts"]["after"]) == ("done", 2, 3), grown
    shrunk = act(f"workers/{node}/scale", by=-1).json()
    assert (shrunk["state"], shrunk["facts"]["after"]) == ("done", 2), shrunk
    last = act(f"workers/{node}/scale", by=-2)
    assert last.status_code == 409
    assert "at least one must remain" in last.json()["detail"]

    nobodys = act(f"tasks/{_NOBODYS}/revoke").json()
    assert (nobodys["state"], nobodys["facts"]["revoked_in"]) == ("done", [node])
    assert nobodys["detail"].startswith("No worker holds it; revoked in ")
    running = hold(shop, yard, "prefork", "goes-on")
    flagged = act(f"tasks/{running}/revoke").json()
    assert (flagged["state"], flagged["facts"]["running_in"]) == ("no_effect", [node])
    assert "goes on: revoking stops what has not started; terminate ends it" in flagged["detail"]
    killed = hold(shop, yard, "prefork", "killed")
    for task_id, signal in ((running, "TERM"), (killed, "KILL")):
        ended = act(f"tasks/{task_id}/revoke", terminate=True, signal=signal).json()
        assert (ended["state"], ended["facts"]["running_in"]) == ("done", []), ended
        assert ended["detail"].startswith("It was ended; revoked in ")


@pytest.mark.usefixtures("patient")
def test_a_prefork_pool_that_is_busy_cannot_shrink(act: Any, shop: Any, yard: Yard) -> None:
    node = yard.worker("prefork")
    hold(shop, yard, "prefork", "one")
    hold(shop, yard, "prefork", "two")
    answer = act(f"workers/{node}/scale", by=-1).json()
    assert (answer["state"], answer["facts"]["after"]) == ("no_effect", 2)
    assert "All processes busy" in answer["detail"]


@pytest.mark.usefixtures("patient")
def test_a_threads_worker_says_what_it_cannot_do(act: Any, shop: Any, yard: Yard) -> None:
    node = yard.worker("threads")
    change_queues(act, node, "threads")
    limit_rates(act, node)
    fixed = act(f"workers/{node}/scale", by=1)
    assert fixed.status_code == 409
    assert f"{node} has a threads pool, whose size is fixed" in fixed.json()["detail"]
    refuse_to_end(act, hold(shop, yard, "threads", "thread"), node, "threads", yard)
    yard.client.set("go:thread", 1)

    later = shop.ok.apply_async(("revoked-later",), queue="threads", countdown=1)
    wait_until(lambda: act(f"tasks/{later.id}/revoke").json()["detail"].startswith("It was held by "), "it is held")
    shop.ok.apply_async(("marker",), queue="threads", countdown=1.5)
    wait_until(lambda: yard.ran("marker"), "what came later ran")
    assert yard.ran("revoked-later") == 0


def test_a_solo_worker_does_not_answer_while_it_is_busy(
    act: Any, shop: Any, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "SECONDS", 3.0)
    node = yard.worker("solo")
    assert f"{node} has a solo pool" in act(f"workers/{node}/scale", by=1).json()["detail"]
    change_queues(act, node, "solo")
    running = hold(shop, yard, "solo", "solo")
    silent = act(f"workers/{node}/rate-limit", task="shop.ok", rate="1/s")
    assert silent.status_code == 503
    assert silent.json()["detail"] == f"{node} did not answer within 3 s. Nothing was changed."
    refuse_to_end(act, running, node, "solo", yard)
    unknown = act(f"tasks/{_NOBODYS}/revoke").json()
    assert (unknown["state"], unknown["facts"]["silent"]) == ("unknown", [node])
    assert f"{node} did not answer" in unknown["detail"]
    yard.client.set("go:solo", 1)


@pytest.mark.usefixtures("patient")
def test_a_gevent_worker_grows_shrinks_and_ends_tasks(act: Any, shop: Any, yard: Yard) -> None:
    node = yard.worker("gevent", "-c", "4")
    change_queues(act, node, "gevent")
    grown = act(f"workers/{node}/scale", by=2).json()
    assert (grown["state"], grown["facts"]["before"], grown["facts"]["after"]) == ("done", 4, 6)
    assert act(f"workers/{node}/scale", by=-2).json()["facts"]["after"] == 4
    ended = act(f"tasks/{hold(shop, yard, 'gevent', 'green')}/revoke", terminate=True).json()
    assert (ended["state"], ended["facts"]["running_in"]) == ("done", []), ended

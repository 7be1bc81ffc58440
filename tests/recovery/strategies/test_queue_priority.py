"""A task that is held up comes before others: what waits is moved, what is published is raised, and all of it back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from celery import Celery
from kombu import Queue

from monitoring.recording import presence
from monitoring.recording.celery import priority
from monitoring.recording.decisions import copy
from monitoring.recording.stamp import RAISED
from monitoring.recovery.strategies.base import RefusedError, Site
from monitoring.recovery.strategies.queue_priority import QueuePriority
from monitoring.recovery.strategies.waiting import Lists
from tests.jobs.queues.rabbit_server import BINARY, RabbitServer

from .conftest import Yard, case, effect, order, site_of, wait_for

BOOST = QueuePriority()
HELD_UP = {"name": "shop.ok", "task_id": str(uuid.uuid4()), "queue": "crowded"}


def lists(client: redis.Redis) -> dict[int, list[str]]:
    """The ids of the messages of each priority, in the order in which workers take them."""

    found = {}
    for step in (0, 3, 6, 9):
        key = f"crowded\x06\x16{step}" if step else "crowded"
        found[step] = [json.loads(raw)["headers"]["id"] for raw in reversed(client.lrange(key, 0, -1))]
    return found


def publish(shop: Any, *priorities: int | None, task: str = "shop.ok") -> list[str]:
    return [
        str(shop.app.send_task(task, queue="crowded", **({} if one is None else {"priority": one})).id)
        for one in priorities
    ]


@pytest.fixture
def site(app: Celery) -> Site:
    return site_of(app)


@pytest.fixture
def following(site: Site) -> Iterator[None]:
    """This process publishes, follows decisions and tells of itself."""
    priority.follow()
    presence.begin()
    wait_for(site.processes, "it tells of itself")
    yield
    copy.reset()


@pytest.mark.usefixtures("following")
@pytest.mark.django_db(transaction=True)
def test_what_waits_is_moved_and_what_is_published_is_raised_and_all_of_it_back(
    shop: Any, yard: Yard, site: Site
) -> None:
    (worst,), middle, (best,) = publish(shop, 9), publish(shop, 6, 6, 7), publish(shop, 3)
    others = publish(shop, 3, 6, 9, task="shop.after")
    held_up = case(**HELD_UP)
    plan = BOOST.plan(held_up, site)
    assert plan.target == "priority:enginel:shop.ok"
    told = {key: plan.parameters[key] for key in ("current_priority", "new_priority", "boost_factor", "waiting")}
    assert told == {"current_priority": 6, "new_priority": 3, "boost_factor": 2, "waiting": 5}

    wanted = order(held_up, plan)
    applied = BOOST.apply(wanted, site)
    assert applied.facts == {"moved": 4}
    assert lists(yard.client) == {0: [], 3: [best, others[0], *middle, worst], 6: [others[1]], 9: [others[2]]}
    assert BOOST.apply(wanted, site).facts == {"moved": 0}
    seen = effect(BOOST, wanted, None, site)
    assert (seen.effect, seen.facts["done"]) == (True, 1), seen

    (raised,) = publish(shop, 6)
    (kept,) = publish(shop, None)
    others += publish(shop, 6, task="shop.after")
    assert lists(yard.client)[3][-1] == raised
    assert lists(yard.client)[0] == [kept]

    assert "5 that still wait were moved back" in BOOST.undo(wanted, {}, site)
    after = lists(yard.client)
    assert (after[3], after[9]) == ([best, others[0]], [others[2], worst])
    assert sorted(after[6]) == sorted([others[1], others[3], *middle, raised])
    with site.remote().connection as connection:
        for one in Lists(connection, "crowded").of("shop.ok"):
            assert RAISED not in one.message["headers"]
            assert one.priority == (7 if one.message["headers"]["id"] == middle[2] else one.step)

    def as_it_was() -> bool:
        (task_id,) = publish(shop, 9)
        return task_id in lists(yard.client)[9]

    wait_for(as_it_was, "this process raises nothing any more")
    BOOST.undo(wanted, {}, site)  # what was published while this process still knew the decision
    assert "0 that still wait were moved back" in BOOST.undo(wanted, {}, site)


@pytest.mark.system
@pytest.mark.usefixtures("patient", "db")
def test_a_worker_runs_what_was_brought_forward_before_what_came_sooner(shop: Any, yard: Yard, site: Site) -> None:
    for key in ("first", "second"):
        shop.hold.apply_async((key,), queue="crowded", priority=3)
    shop.ok.apply_async(("late",), queue="crowded", priority=9)
    held_up = case(**HELD_UP)
    BOOST.apply(order(held_up, BOOST.plan(held_up, site)), site)
    yard.client.set("go:first", 1)
    yard.worker("solo", "-Q", "crowded", "-c", "1")
    wait_for(lambda: yard.ran("second"), "what came sooner began")
    shop.hold.apply_async(("third",), queue="crowded", priority=6)
    yard.client.set("go:second", 1)
    wait_for(lambda: yard.ran("third"), "what came later began")
    assert yard.ran("late") == 1


@pytest.mark.django_db
def test_it_refuses_where_nothing_can_be_brought_forward(shop: Any, site: Site) -> None:
    def refusal(where: Site = site, **values: Any) -> str:
        with pytest.raises(RefusedError) as refused:
            BOOST.plan(case(**(HELD_UP | values)), where)
        return str(refused.value)

    assert refusal(queue="") == "It is about no task whose queue is known."
    assert refusal() == "No message of shop.ok waits in crowded."
    publish(shop, None, 0)
    assert refusal() == "All 2 messages of shop.ok have the highest priority already."
    memory = Celery("memory", broker="memory://", set_as_current=False)
    assert refusal(site_of(memory)) == "A broker of the kind memory knows no priorities that could be changed."
    away = Celery("away", broker="redis://127.0.0.1:1/0", set_as_current=False)
    assert "The broker does not answer" in refusal(site_of(away))


@pytest.mark.system
@pytest.mark.skipif(BINARY is None, reason="no RabbitMQ here")
@pytest.mark.usefixtures("following")
@pytest.mark.django_db(transaction=True)
def test_on_rabbitmq_what_comes_is_raised_as_far_as_the_queue_knows(shop: Any) -> None:
    rabbit = RabbitServer()
    try:
        there = Celery("shop", broker=rabbit.url, set_as_current=False)
        there.conf.task_queues = [Queue("plain"), Queue("crowded", queue_arguments={"x-max-priority": 5})]
        site = site_of(there)
        there.send_task("shop.ok", queue="plain")
        with pytest.raises(RefusedError, match="plain has no x-max-priority here"):
            BOOST.plan(case(**(HELD_UP | {"queue": "plain"})), site)
        with pytest.raises(RefusedError, match="Nothing waits in crowded"):
            BOOST.plan(case(**HELD_UP), site)
        there.send_task("shop.after", queue="crowded")
        held_up = case(**HELD_UP)
        wanted = order(held_up, BOOST.plan(held_up, site))
        assert wanted.plan.parameters["new_priority"] == 1
        applied = BOOST.apply(wanted, site)
        assert effect(BOOST, wanted, applied, site).effect is True
        there.send_task("shop.ok", queue="crowded")
        with there.connection_for_read() as connection, connection.channel() as channel:
            message = channel.basic_get("crowded", no_ack=True)
        assert (message.headers["task"], message.properties["priority"]) == ("shop.ok", 1)

        wrong = Celery("shop", broker=rabbit.url, set_as_current=False)
        wrong.conf.task_queues = [Queue("plain", queue_arguments={"x-max-priority": 5})]
        with pytest.raises(RefusedError, match="was declared otherwise than it is configured here"):
            BOOST.plan(case(**(HELD_UP | {"queue": "plain"})), site_of(wrong))
    finally:
        rabbit.stop()

"""A queue is purged only by whoever names it twice and knows about how much is in it."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.jobs.actions import broker
from monitoring.jobs.actions.models import Action
from monitoring.jobs.actions.outcomes import RefusedError

from .conftest import Yard


@pytest.fixture
def queue(shop: Any, yard: Yard) -> str:
    """A queue nobody consumes from, with messages of three priorities."""
    for priority in (0, 0, 3, 9):
        shop.ok.apply_async(queue="stale", priority=priority)
    return "stale"


def test_all_priorities_are_thrown_away_and_counted(act: Any, queue: str) -> None:
    answer = act(f"queues/{queue}/purge", confirm=queue, expected=4).json()
    assert (answer["state"], answer["facts"]) == ("done", {"purged": 4, "left": 0})
    assert answer["detail"] == "4 messages of stale were thrown away."


@pytest.mark.parametrize("written", ["shop/urgent", "shop%2Furgent"])
def test_the_name_of_a_queue_may_hold_a_slash(act: Any, shop: Any, written: str) -> None:
    shop.ok.apply_async(queue="shop/urgent")
    answer = act(f"queues/{written}/purge", confirm="shop/urgent", expected=1).json()
    assert answer["detail"] == "1 messages of shop/urgent were thrown away."


def test_more_than_was_expected_stays(act: Any, queue: str, shop: Any) -> None:
    response = act(f"queues/{queue}/purge", confirm=queue, expected=3)
    assert response.status_code == 409
    assert response.json()["detail"] == "stale holds 4 messages, more than the 3 that were expected."
    with shop.app.connection_for_read() as connection:
        assert broker.depth(connection, queue) == 4


def test_what_comes_between_the_look_and_the_deed_is_not_thrown_away(queue: str, shop: Any) -> None:
    with shop.app.connection_for_write() as connection:
        assert broker.depth(connection, queue) == 4
        shop.ok.apply_async(queue=queue)
        with pytest.raises(RefusedError):
            broker.purge(connection, queue, 4)
        assert broker.depth(connection, queue) == 5


def test_a_prefix_of_all_keys_is_minded(shop: Any, yard: Yard) -> None:
    options = {"global_keyprefix": "tenant:", "priority_steps": [0, 3, 6, 9]}
    with shop.app.connection_for_write(transport_options=options) as connection:
        shop.ok.apply_async(queue="stale", connection=connection, priority=3)
        assert yard.client.llen("tenant:stale\x06\x163") == 1
        assert broker.purge(connection, "stale", 1) == 1
        assert yard.client.llen("tenant:stale\x06\x163") == 0


def test_an_empty_queue_stays_as_it_is(act: Any, shop: Any) -> None:
    answer = act("queues/shop/purge", confirm="shop", expected=0).json()
    assert (answer["state"], answer["detail"]) == ("no_effect", "shop was empty.")


def test_a_queue_nobody_knows_is_not_found(act: Any, yard: Yard) -> None:
    assert act("queues/typo/purge", confirm="typo", expected=5).status_code == 404
    assert not Action.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"confirm": "other", "expected": 9}, "confirm"),
        ({"expected": 9}, "confirm"),
        ({"confirm": "stale"}, "expected"),
        ({"confirm": "stale", "expected": -1}, "expected"),
    ],
)
def test_without_a_confirmation_nothing_happens(act: Any, queue: str, body: dict[str, Any], field: str) -> None:
    response = act(f"queues/{queue}/purge", **body)
    assert (response.status_code, list(response.json()["errors"])) == (400, [field])

"""What is asked for twice is done once: two requests at a time, and a process that ends in the middle."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.conf import get_config
from monitoring.jobs.actions import rerun as rerun_module
from monitoring.jobs.actions.carry_out import Desk, KeyReusedError, Requester, Wish, carry_out, no_step
from monitoring.jobs.actions.kinds import KINDS
from monitoring.jobs.actions.models import Action
from monitoring.jobs.actions.outcomes import RefusedError
from monitoring.jobs.actions.purge import Purging
from monitoring.jobs.actions.rerun import Rerunning
from tests.faults.conftest import database
from tests.faults.processes import ENDED, Thread, end_at, in_child

from .conftest import Yard
from .test_rerun import NOBODY, depth, make_run, waiting

__all__ = ["database"]

pytestmark = pytest.mark.usefixtures("database")

STEPS = ["begin", "perform", "verify", "finish"]
ANNA = Requester("1", "anna")


@pytest.fixture
def stored(app: Any, shop: Any, yard: Yard) -> str:
    return str(waiting(shop, yard).pk)


def rerun(target: str, app: Any, step: Callable[[str], None] = no_step, key: str | None = "once") -> Action:
    return carry_out(Wish(KINDS["rerun"], target, Rerunning(), ANNA, key), Desk(app, get_config(), step))


def test_the_steps_of_an_action_are_the_ones_tested_here(stored: str, app: Any) -> None:
    seen: list[str] = []
    rerun(stored, app, seen.append)
    assert seen == STEPS


def test_two_requests_at_once_with_one_key_publish_once(stored: str, app: Any, shop: Any) -> None:
    together = threading.Barrier(2)

    def ask() -> Action:
        together.wait(30)
        return rerun(stored, app)

    first, second = (thread.result() for thread in [Thread(ask), Thread(ask)])
    assert first == second
    assert first.state == second.state == "done"
    assert depth(shop) == 1


def test_two_requests_at_once_without_a_key_publish_once(stored: str, app: Any, shop: Any) -> None:
    together = threading.Barrier(2)

    def wait(name: str) -> None:
        if name == "begin":  # both have looked, and found nothing in the way
            together.wait(30)

    both = [thread.result() for thread in [Thread(lambda: rerun(stored, app, wait, key=None)) for _ in range(2)]]
    assert sorted(action.state for action in both) == ["done", "refused"]
    assert depth(shop) == 1


def test_between_the_claim_and_the_publishing_no_other_request_gets_through(
    stored: str, app: Any, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed, go_on = threading.Event(), threading.Event()
    publish = rerun_module._publish

    def publish_late(*given: Any) -> None:
        if not claimed.is_set():
            claimed.set()
            assert go_on.wait(30)
        publish(*given)

    monkeypatch.setattr(rerun_module, "_publish", publish_late)
    first = Thread(lambda: rerun(stored, app, key=None))
    assert claimed.wait(30)
    second = rerun(stored, app, key=None)
    go_on.set()
    assert (first.result().state, second.state) == ("done", "refused")
    assert second.detail == "Somebody else is running it again just now."
    assert depth(shop) == 1


def test_what_was_taken_and_has_not_begun_is_not_published_again(stored: str, app: Any, yard: Yard) -> None:
    first = rerun(stored, app, key=None)
    take(yard)
    second = rerun(stored, app, key=None)
    assert second.state == "refused"
    task_id = first.facts["task_id"]
    assert second.detail == f"It was run again already, as {task_id}, which is not known to have failed."
    assert take(yard) == 0


@pytest.mark.parametrize(("ended", "state"), [("FAILURE", "done"), ("LOST", "done"), ("SUCCESS", "refused")])
def test_only_a_re_run_that_failed_makes_room_for_another(
    stored: str, app: Any, yard: Yard, ended: str, state: str
) -> None:
    first = rerun(stored, app, key=None)
    take(yard)
    make_run(first.facts["task_id"], ended)
    assert rerun(stored, app, key=None).state == state


def test_what_was_published_from_a_failed_re_run_counts_too(stored: str, app: Any, yard: Yard, shop: Any) -> None:
    first = rerun(stored, app, key=None)
    second = str(waiting(shop, yard, first.facts["task_id"]).pk)
    third = rerun(second, app, key=None)
    take(yard)
    refused = rerun(stored, app, key=None)
    assert (third.state, refused.state) == ("done", "refused")
    assert third.facts["task_id"] in refused.detail


def test_a_claim_that_was_refused_afterwards_is_not_in_the_way(
    stored: str, app: Any, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RefusedError("Not now.")

    with monkeypatch.context() as patch:
        patch.setattr(rerun_module, "_publish", refuse)
        assert rerun(stored, app, key=None).state == "refused"
    assert rerun(stored, app, key=None).state == "done"
    assert depth(shop) == 1


def test_what_came_of_a_claim_must_be_known(stored: str, app: Any, yard: Yard, shop: Any) -> None:
    rerun(stored, app, key=None)
    take(yard)
    Action.objects.all().delete()
    refused = rerun(stored, app, key=None)
    assert refused.detail == "It was run again already; what came of that is no longer known."
    assert depth(shop) == 0


def test_many_requests_at_once_publish_once_however_soon_it_is_taken(stored: str, app: Any, yard: Yard) -> None:
    together, over = threading.Barrier(8), threading.Event()

    def ask() -> Action:
        together.wait(30)
        return rerun(stored, app, key=None)

    def take_all() -> int:
        taken = 0
        while not over.is_set():
            taken += take(yard)
        return taken + take(yard)

    taker = Thread(take_all)
    states = Counter(thread.result().state for thread in [Thread(ask) for _ in range(8)])
    over.set()
    assert states == {"done": 1, "refused": 7}
    assert taker.result() == 1


def take(yard: Yard) -> int:
    """Take what waits out of the queue, as a worker does that has not begun with it yet."""
    return len(yard.client.lpop(f"{NOBODY}\x06\x163", 100) or ())


def test_a_request_that_comes_while_the_first_is_carried_out_waits_for_it(stored: str, app: Any, shop: Any) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def hold(name: str) -> None:
        if name == "perform":
            reached.set()
            assert go_on.wait(30)

    first = Thread(lambda: rerun(stored, app, hold))
    assert reached.wait(30)
    second = Thread(lambda: rerun(stored, app))
    third = rerun(stored, app)
    assert third.state == "performing"
    go_on.set()
    assert first.result() == second.result() == third
    assert depth(shop) == 1


def test_what_one_request_does_is_not_in_the_way_of_the_same_request(
    stored: str, app: Any, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting_to_begin, go_on, published = threading.Event(), threading.Event(), threading.Event()

    def hold(name: str) -> None:
        if name == "begin":
            waiting_to_begin.set()
            assert go_on.wait(30)
        if name == "verify":
            published.set()

    first = Thread(lambda: rerun(stored, app, hold))
    assert waiting_to_begin.wait(30)
    look = type(KINDS["rerun"]).look

    def look_late(*given: Any) -> dict[str, Any]:
        go_on.set()
        assert published.wait(30)
        return look(*given)

    monkeypatch.setattr(type(KINDS["rerun"]), "look", look_late)
    second = rerun(stored, app)
    assert first.result() == second
    assert (second.state, Action.objects.count(), depth(shop)) == ("done", 1, 1)


def test_the_same_key_later_returns_what_was_done(stored: str, app: Any, shop: Any) -> None:
    first = rerun(stored, app)
    again = rerun(stored, app)
    assert (again.pk, again.facts) == (first.pk, first.facts)
    assert depth(shop) == 1
    assert Action.objects.count() == 1


def test_a_key_stands_for_one_action_of_one_user(stored: str, app: Any) -> None:
    rerun(stored, app)
    with pytest.raises(KeyReusedError):
        carry_out(Wish(KINDS["purge"], "shop", Purging("shop", 0), ANNA, "once"), Desk(app, get_config()))
    bert = Requester("2", "bert")
    other = carry_out(Wish(KINDS["purge"], "shop", Purging("shop", 0), bert, "once"), Desk(app, get_config()))
    assert other.state == "no_effect"


def test_a_refused_action_gives_its_key_back(stored: str, app: Any, shop: Any) -> None:
    from monitoring.jobs.runs.models import TaskRun

    TaskRun.objects.update(state="RETRY")
    assert rerun(stored, app).state == "refused"
    TaskRun.objects.update(state="FAILURE")
    assert rerun(stored, app).state == "done"
    assert depth(shop) == 1
    assert Action.objects.count() == 2


@pytest.mark.parametrize("step", STEPS)
def test_a_process_that_ends_at_a_step_publishes_at_most_once(step: str, stored: str, app: Any, shop: Any) -> None:
    assert in_child(lambda: rerun(stored, app, end_at(step))) == ENDED
    action = Action.objects.get()
    assert action.state == ("requested" if step == "begin" else "performing")
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    Action.objects.update(requested_at=long_ago)
    Action.objects.exclude(performing_at=None).update(performing_at=long_ago)
    assert Action.objects.told().get().shown == ("failed" if step == "begin" else "unknown")
    again = rerun(stored, app)
    expected = {"begin": "done", "perform": "unknown", "verify": "done", "finish": "done"}
    assert (again.pk, again.state) == (action.pk, expected[step])
    assert depth(shop) == (0 if step == "perform" else 1)
    assert rerun(stored, app).state == expected[step]
    assert depth(shop) == (0 if step == "perform" else 1)


def test_an_action_whose_process_ended_just_now_is_not_done_again(
    stored: str, app: Any, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.jobs.actions.carry_out._PATIENCE", 0.1)
    assert in_child(lambda: rerun(stored, app, end_at("perform"))) == ENDED
    assert rerun(stored, app).state == "performing"
    assert depth(shop) == 0


def test_without_a_key_every_request_is_one_of_its_own(stored: str, app: Any) -> None:
    assert rerun(stored, app, key=None).state == "done"
    assert rerun(stored, app, key=None).state == "refused"


def test_what_goes_wrong_inside_is_written_down(stored: str, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(KINDS["rerun"]), "perform", fail)
    with pytest.raises(ZeroDivisionError):
        rerun(stored, app)
    assert (Action.objects.get().state, Action.objects.get().detail) == (
        "unknown",
        "It ended with ZeroDivisionError.",
    )

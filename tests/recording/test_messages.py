"""Which messages are kept when a task starts, and what is left out of them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from kombu.utils import json

from monitoring.jobs.actions.models import StoredMessage
from monitoring.recording import messages
from monitoring.recording.recorder import recorder

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(autouse=True)
def captured(eager: None, settings: Any) -> Iterator[None]:
    settings.MONITORING = {**settings.MONITORING, "CAPTURE_ARGUMENTS": ["shop.*", "pay"]}
    yield
    recorder.reset()


def pay(amount: int, password: str = "", *others: Any, **named: Any) -> None:
    """Pay, as a task does."""


def start(name: str = "shop.pay", **request: Any) -> None:
    """Let a task start."""
    given: dict[str, Any] = {
        "id": "one",
        "args": [1],
        "kwargs": {},
        "retries": 0,
        "is_eager": False,
        "delivery_info": {"exchange": "", "routing_key": "q", "priority": 3},
        "timelimit": [None, None],
        **dict.fromkeys(("shadow", "root_id", "parent_id", "chain", "chord", "group", "callbacks", "errbacks")),
        **dict.fromkeys(("eta", "expires", "headers")),
    }
    messages.capture(SimpleNamespace(name=name, run=pay), SimpleNamespace(**given | request))


def body() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(StoredMessage.objects.get().body)
    return found


@pytest.mark.parametrize(("name", "kept"), [("shop.pay", 1), ("pay", 1), ("Shop.pay", 0), ("pays", 0), ("other", 0)])
def test_only_chosen_tasks_are_kept(name: str, kept: int) -> None:
    start(name)
    assert StoredMessage.objects.count() == kept


def test_none_is_kept_unless_chosen(settings: Any) -> None:
    settings.MONITORING = {key: value for key, value in settings.MONITORING.items() if key != "CAPTURE_ARGUMENTS"}
    start()
    assert not StoredMessage.objects.exists()


@pytest.mark.parametrize("request_", [{"retries": 1}, {"is_eager": True}])
def test_retries_and_eager_runs_have_no_message_of_their_own(request_: dict[str, Any]) -> None:
    start(**request_)
    assert not StoredMessage.objects.exists()


def test_arguments_come_back_as_they_were() -> None:
    args = [1, "a", 2.5, None, dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC), uuid.UUID(int=7), ["x", {"y": "\0\ud800"}]]
    start(args=args, kwargs={"deep": {"list": [1]}})
    assert body()["args"] == args
    assert body()["kwargs"] == {"deep": {"list": [1]}}
    assert (body()["routing_key"], body()["priority"]) == ("q", 3)


@pytest.mark.parametrize("argument", [object(), {1: "a"}, (1, 2), {1, 2}, float("nan")])
def test_arguments_that_json_would_change_are_not_kept(argument: Any) -> None:
    start(args=[argument])
    stored = StoredMessage.objects.get()
    assert (stored.body, stored.problem) == ("", "its arguments are not plain JSON")


def test_a_long_message_is_not_kept() -> None:
    start(args=["x" * messages.MAX_BYTES])
    stored = StoredMessage.objects.get()
    assert (stored.body, stored.problem) == ("", "it is longer than 64 kB")
    assert len(stored.arguments) < 3_000


def test_groups_and_times_are_dropped_and_named() -> None:
    start(group="g", chord={"task": "sum"}, eta="2026-11-22T10:00:00", expires="2026-11-22T11:00:00")
    assert body()["dropped"] == ["group", "chord", "eta", "expires"]
    assert not {"group", "chord", "eta", "expires", "group_id"} & body().keys()


def test_the_rest_of_a_chain_is_kept_without_the_chord_it_would_satisfy() -> None:
    step = {
        "task": "shop.next",
        "args": [1],
        "options": {"queue": "q", "chord": {"task": "sum"}, "group_id": "g", "group_index": 0, "task_id": "two"},
    }
    start(chain=[step])
    assert body()["chain"] == [{"task": "shop.next", "args": [1], "options": {"queue": "q"}}]


def test_headers_that_belong_to_one_sending_are_dropped() -> None:
    start(
        headers={
            "enginel": "1;1;;;;;",
            "periodic_task_name": "nightly",
            "enginel_beat": "b",
            "x-death": [],
            "tenant": "acme",
        }
    )
    assert body()["headers"] == {"tenant": "acme"}


def test_positional_arguments_are_scrubbed_by_their_names() -> None:
    start(args=[1, "hunter2", "more"], kwargs={"api_key": "k", "note": "n"})
    shown = StoredMessage.objects.get().arguments
    assert "hunter2" not in shown
    assert '"k"' not in shown
    assert json.loads(shown) == {
        "amount": 1,
        "password": "[filtered]",
        "*others": ["more"],
        "api_key": "[filtered]",
        "note": "n",
    }


def test_the_first_message_of_a_task_is_kept() -> None:
    start(args=[1])
    start(args=[2])
    assert body()["args"] == [1]


def test_it_is_let_go_when_the_task_succeeds() -> None:
    start()
    start(id="two")
    messages.settle("shop.pay", "one")
    assert list(StoredMessage.objects.values_list("pk", flat=True)) == ["two"]


def test_it_is_dropped_when_its_time_is_up() -> None:
    from monitoring.conf import get_config
    from monitoring.jobs.actions import retention
    from monitoring.jobs.actions.models import Action

    now = dt.datetime.now(dt.UTC)
    start()
    start(id="two")
    StoredMessage.objects.filter(pk="one").update(captured=now - dt.timedelta(days=15))
    Action.objects.create(kind="purge", target="old", requested_at=now - dt.timedelta(days=401))
    Action.objects.create(kind="purge", target="new", requested_at=now - dt.timedelta(days=399))
    retention.prune(get_config())
    assert StoredMessage.objects.get().pk == "two"
    assert Action.objects.get().target == "new"


@pytest.mark.parametrize("broken", [{"args": 7}, {"delivery_info": "x"}, {"chain": 3}])
def test_a_message_of_another_form_does_not_stop_the_task(broken: dict[str, Any]) -> None:
    start(**broken)
    assert StoredMessage.objects.count() <= 1

"""What is refused before any worker is asked, by what its heartbeat says; real ones are in `test_pools`."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from monitoring.conf import get_config
from monitoring.jobs.actions import scale
from monitoring.jobs.actions.kind import Order, Site
from monitoring.jobs.actions.models import Action
from monitoring.jobs.actions.rate_limit import RateLimitSerializer
from monitoring.jobs.runs.models import TaskRun

from .conftest import Yard, wait_until
from .test_rerun import make_run


def test_autoscale_alone_decides_on_the_size(act: Any, yard: Yard) -> None:
    response = act(f"workers/{yard.hear_of('auto@yard', autoscale=[4, 1])}/scale", by=1)
    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")
    assert "--autoscale" in response.json()["detail"]
    assert Action.objects.get(pk=response.json()["action"]).state == "refused"


@pytest.mark.parametrize("pool", ["threads", "solo", "custom"])
def test_a_pool_of_fixed_size_says_so(act: Any, yard: Yard, pool: str) -> None:
    response = act(f"workers/{yard.hear_of('fixed@yard', pool=pool)}/scale", by=1)
    assert response.status_code == 409
    assert f"fixed@yard has a {pool} pool, whose size is fixed" in response.json()["detail"]


def test_a_worker_nobody_saw_is_not_found(act: Any) -> None:
    response = act("workers/celery@nowhere/scale", by=1)
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert not Action.objects.exists()


def test_a_worker_that_is_down_is_refused(act: Any, yard: Yard) -> None:
    yard.hear_of("mortal@yard", interval=0.01)
    wait_until(lambda: yard.beat("mortal@yard") is None, "its heartbeat is old")
    response = act("workers/mortal@yard/cancel-consumer", queue="q")
    assert response.status_code == 409
    assert response.json()["detail"].startswith("mortal@yard is down: its last heartbeat is ")


def test_a_worker_that_is_silent_does_not_hang_the_request(act: Any, yard: Yard) -> None:
    response = act(f"workers/{yard.hear_of('ghost@yard')}/scale", by=1)
    assert response.status_code == 503
    assert response.json()["detail"] == "ghost@yard did not answer within 1 s. Nothing was changed."


def test_the_last_consumer_of_enginels_own_queue_stays(act: Any, yard: Yard) -> None:
    only = yard.hear_of("only@yard", queues=["monitoring", "shop"])
    response = act(f"workers/{only}/cancel-consumer", queue="monitoring")
    assert response.status_code == 409
    assert response.json()["detail"] == (
        "No other worker consumes from monitoring, the queue of Enginel's own tasks: nothing would be monitored."
    )
    yard.hear_of("dead@yard", queues=["monitoring"], interval=0.01)
    wait_until(lambda: yard.beat("dead@yard") is None, "its heartbeat is old")
    assert act(f"workers/{only}/cancel-consumer", queue="monitoring").status_code == 409
    assert "did not answer" in act(f"workers/{only}/cancel-consumer", queue="shop").json()["detail"]
    yard.hear_of("other@yard", queues=["monitoring"])
    assert "did not answer" in act(f"workers/{only}/cancel-consumer", queue="monitoring").json()["detail"]


@pytest.mark.parametrize(
    ("by", "after", "said", "state", "detail"),
    [
        (1, 4, "pool will grow", "done", "The pool of a@b went from 3 to 4."),
        (
            1,
            7,
            "pool will grow",
            "done",
            "The pool of a@b is 7 now. It was 3 and was told to change by +1; others changed it meanwhile.",
        ),
        (
            -1,
            5,
            "pool will shrink",
            "unknown",
            "The pool of a@b is 5 now. It was 3 and was told to change by -1; others changed it meanwhile.",
        ),
        (-2, 2, "Busy.", "done", "The pool of a@b went from 3 to 2 instead of 1. Busy."),
        (-2, 3, "Busy.", "no_effect", "The pool of a@b is still 3. Busy."),
    ],
)
def test_what_became_of_a_pool_is_told_as_it_was_seen(
    by: int, after: int, said: str, state: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scale, "_size", lambda node, site: after)
    monkeypatch.setattr(scale, "_SECONDS", 0.0)
    order = Order(uuid.uuid4(), "a@b", scale.Scaling(by), {"before": 3})
    outcome = scale.Scale().verify(order, said, Site(remote=None, workers={}, config=get_config()))  # type: ignore[arg-type]
    assert (outcome.state, outcome.detail) == (state, detail)


def test_no_trace_of_a_question_is_left_in_the_broker(act: Any, yard: Yard) -> None:
    act(f"workers/{yard.hear_of('ghost@yard')}/scale", by=1)
    left = [key.decode() for key in yard.client.keys("*reply*")]
    assert [key for key in left if yard.client.type(key) == b"list"] == []
    assert [yard.client.scard(key) for key in left] == []


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("scale", {"by": 0}, "by"),
        ("scale", {"by": 1000}, "by"),
        ("scale", {}, "by"),
        ("rate-limit", {"task": "shop.ok", "rate": "often"}, "rate"),
        ("rate-limit", {"task": "shop.ok", "rate": "1/d"}, "rate"),
        ("rate-limit", {"task": "shop.ok", "rate": "\N{ARABIC-INDIC DIGIT THREE}/s"}, "rate"),
        ("rate-limit", {"rate": "1/s"}, "task"),
        ("add-consumer", {"queue": ""}, "queue"),
        ("cancel-consumer", {}, "queue"),
    ],
)
def test_a_bad_parameter_is_named(act: Any, path: str, body: dict[str, Any], field: str) -> None:
    response = act(f"workers/celery@nowhere/{path}", **body)
    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]


def test_with_no_worker_alive_nobody_would_hear_of_a_revocation(act: Any) -> None:
    response = act("tasks/one/revoke")
    assert (response.status_code, response.json()["detail"]) == (409, "No worker is alive: none would hear of it.")


def test_what_has_ended_cannot_be_revoked(act: Any, yard: Yard) -> None:
    yard.hear_of("ghost@yard")
    make_run("over", "FAILURE")
    response = act("tasks/over/revoke")
    assert response.status_code == 409
    assert response.json()["detail"].startswith("It has ended: FAILURE at 20")
    TaskRun.objects.update(state="RETRY")
    assert act("tasks/over/revoke").json()["state"] == "unknown"


@pytest.mark.parametrize("pool", ["threads", "solo"])
def test_what_runs_by_the_heartbeat_of_a_silent_worker_is_known_to_run(act: Any, yard: Yard, pool: str) -> None:
    yard.hear_of("busy@yard", pool=pool, active=[{"id": "one", "name": "shop.hold", "started": 1.0}])
    response = act("tasks/one/revoke", terminate=True)
    assert response.status_code == 409
    assert f"busy@yard runs it in a {pool} pool, where a task cannot be ended" in response.json()["detail"]


@pytest.mark.parametrize("name", ["%00", "a%0Ab", "x" * 201])
@pytest.mark.parametrize("path", ["tasks/{}/rerun", "tasks/{}/revoke", "workers/{}/scale"])
def test_what_is_no_name_is_not_found(act: Any, name: str, path: str) -> None:
    assert act(path.format(name), by=1).status_code == 404


def test_other_signals_are_refused(act: Any) -> None:
    response = act("tasks/x/revoke", terminate=True, signal="STOP")
    assert (response.status_code, list(response.json()["errors"])) == (400, ["signal"])


def test_a_rate_of_another_form_is_told_which_one_is_accepted() -> None:
    given = RateLimitSerializer(data={"task": "shop.ok", "rate": "ten"})
    assert not given.is_valid()
    assert given.errors == {"rate": ["Must be a rate such as 10/s, 100/m or 5/h; 0 lifts the limit."]}

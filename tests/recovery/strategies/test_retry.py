"""A task that failed runs again, in a real worker, later with each attempt and as often as documented."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from celery import Celery, current_app
from kombu.utils import json

from monitoring.jobs.actions.models import Action, StoredMessage
from monitoring.jobs.actions.stored import signature
from monitoring.jobs.runs.models import TaskRun
from monitoring.recovery.strategies.base import RefusedError
from monitoring.recovery.strategies.retry import Retry
from tests.jobs.actions.test_rerun import make_run, waiting
from tests.pipeline import drain_all

from .conftest import Yard, case, order, site_of, wait_for

RETRY = Retry()
LONG_AGO = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def current(app: Celery) -> Iterator[Celery]:
    """The application that messages are published with is the current one."""
    before = current_app._get_current_object()
    app.set_current()
    yield app
    before.set_current()


def ended(task_id: str, state: str) -> str:
    """Take in what workers recorded until it is known how a task ended."""

    def known() -> bool:
        drain_all()
        return TaskRun.objects.filter(task_id=task_id, state=state).exists()

    wait_for(known, f"{task_id} ended as {state}")
    return task_id


@pytest.mark.system
@pytest.mark.usefixtures("patient", "db")
def test_a_failed_task_runs_again_until_it_succeeds(current: Celery, shop: Any, yard: Yard) -> None:
    yard.worker("prefork")
    yard.client.set("fails:1", 1)
    first = ended(str(shop.pay.apply_async((1,), {"fails": "1"}, queue="prefork").id), "FAILURE")
    site = site_of(current)
    failed = case(kind="internal_error", name="shop.pay", task_id=first, queue="prefork")
    plan = RETRY.plan(failed, site)
    assert (plan.target, plan.parameters["attempt"], plan.parameters["delay_ms"]) == (f"task:{first}", 1, 1000)

    wanted = order(failed, plan)
    applied = RETRY.apply(wanted, site)
    again = RETRY.apply(wanted, site)
    assert again.facts == applied.facts
    seen = RETRY.seen(wanted, None, site)
    assert (seen.effect, seen.facts["task_id"]) == (True, applied.facts["task_id"])
    second = ended(applied.facts["task_id"], "FAILURE")
    assert yard.ran("pay:1") == 2
    with pytest.raises(RefusedError, match="was retried already"):
        RETRY.plan(failed, site)

    yard.client.delete("fails:1")
    failed = case(kind="internal_error", name="shop.pay", task_id=second, queue="prefork")
    plan = RETRY.plan(failed, site)
    assert (plan.parameters["attempt"], plan.parameters["delay_ms"]) == (2, 2000)
    third = RETRY.apply(order(failed, plan), site).facts["task_id"]
    ended(third, "SUCCESS")
    assert yard.ran("pay:1") == 3
    assert Action.objects.filter(user="recovery", kind="rerun", state="done").count() == 2


@pytest.mark.django_db
def test_what_was_retried_as_often_as_documented_is_left_alone(current: Celery, shop: Any, yard: Yard) -> None:
    stored = waiting(shop, yard)
    failed = case(name="shop.pay", task_id=stored.pk, queue="nobody")
    for attempt, delay in ((1, 1000), (2, 2000), (3, 4000)):
        plan = RETRY.plan(failed, site_of(current))
        assert (plan.parameters["attempt"], plan.parameters["delay_ms"]) == (attempt, delay)
        applied = RETRY.apply(order(failed, plan), site_of(current))
        failed = case(name="shop.pay", task_id=again(current, applied.facts["task_id"]), queue="nobody")
    with pytest.raises(RefusedError, match="failed again after 3 of 3 retries"):
        RETRY.plan(failed, site_of(current))


def again(celery: Celery, task_id: str) -> str:
    """Let a task that was published fail, its message being stored as a worker would."""
    with celery.connection_for_read() as connection:
        message = connection.SimpleQueue("nobody").get(block=False)
        message.ack()
    assert message.headers["eta"] is not None
    kept = {"enginel_attempt": message.headers["enginel_attempt"]}
    body = json.dumps({"name": "shop.pay", "args": [5], "kwargs": {}, "routing_key": "nobody", "headers": kept})
    StoredMessage.objects.create(
        task_id=task_id,
        name="shop.pay",
        service="shop",
        captured="2026-11-22T10:00:00Z",
        body=body,
        signature=signature(task_id, body),
    )
    make_run(task_id, "FAILURE")
    return task_id


@pytest.mark.django_db
def test_nothing_is_run_again_of_which_nothing_was_kept(current: Celery, shop: Any, yard: Yard) -> None:
    site = site_of(current)
    with pytest.raises(RefusedError, match="tried again by its caller"):
        RETRY.plan(case(), site)
    with pytest.raises(RefusedError, match="was not stored; those of tasks that CAPTURE_ARGUMENTS names are"):
        RETRY.plan(case(task_id="unknown"), site)
    stored = waiting(shop, yard)
    TaskRun.objects.update(state="SUCCESS")
    with pytest.raises(RefusedError, match="ended as SUCCESS"):
        RETRY.plan(case(task_id=stored.pk, occurred=LONG_AGO), site)
    StoredMessage.objects.update(body=stored.body.replace("5", "50"))
    with pytest.raises(RefusedError, match="was changed"):
        RETRY.plan(case(task_id=stored.pk), site)

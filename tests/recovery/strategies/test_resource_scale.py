"""Capacity is added to a Deployment or to a worker's pool, bounded, looked at, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from celery import Celery, current_app
from pytest_httpserver import HTTPServer

from monitoring.conf import get_config
from monitoring.recovery.models import Recovery, RecoveryAction
from monitoring.recovery.strategies.base import Order, RefusedError
from monitoring.recovery.strategies.resource_scale import ResourceScale
from monitoring.recovery.strategies.scaling import growing, kubernetes

from .cluster import TOKEN, FakeCluster
from .conftest import Yard, case, effect, order, site_of, wait_for

SCALE = ResourceScale()
BUSY = {"error_type": "TimeoutError", "service": "enginel"}


@pytest.fixture(autouse=True)
def scaling(settings: Any) -> None:
    settings.AUTO_SCALE_ON_ERROR = True
    settings.MAX_SCALE_FACTOR = 2.0


@pytest.fixture
def cluster(httpserver: HTTPServer, settings: Any) -> FakeCluster:
    made = FakeCluster(httpserver)
    settings.MONITORING = {
        **settings.MONITORING,
        "KUBERNETES_DEPLOYMENTS": {"enginel": "web", "queue:mail": "none"},
        "KUBERNETES_URL": made.url,
        "KUBERNETES_NAMESPACE": "shop",
        "KUBERNETES_TOKEN": TOKEN,
    }
    return made


def executed(done: Order, facts: Any) -> None:
    """Write down that an action took effect, as the executor does."""
    now = datetime.now(UTC)
    recovery = Recovery.objects.create(id=done.case.recovery_id, error_id=done.case.error_id, requested_at=now)
    RecoveryAction.objects.create(
        id=done.id,
        recovery=recovery,
        ordinal=1,
        strategy=SCALE.name,
        target=done.plan.target,
        facts={"applied": {}, "seen": dict(facts)},
        created=now,
        performing_at=now,
        executed_at=now,
        state="rolled_back",
    )


@pytest.mark.django_db
def test_a_deployment_is_scaled_as_far_as_it_may_and_back(cluster: FakeCluster) -> None:
    cluster.has("web", 4)
    site, of = site_of(), case(**BUSY)
    wanted = order(of, SCALE.plan(of, site))
    assert (wanted.plan.target, wanted.plan.seconds) == ("deployment:shop:web", 3600.0)
    assert wanted.plan.parameters["new"] == 6
    applied = SCALE.apply(wanted, site)
    assert cluster.replicas == {"web": 6}
    assert SCALE.apply(wanted, site).undo == applied.undo == {"before": 4, "after": 6}
    assert SCALE.seen(wanted, applied, site).effect is None
    cluster.has("web", 6)
    seen = SCALE.seen(wanted, None, site)
    assert (seen.effect, seen.facts["made"], seen.facts["first"]) == (True, 6, 4)
    executed(wanted, seen.facts)

    second = order(of, SCALE.plan(of, site))
    assert second.plan.parameters["new"] == 8
    SCALE.apply(second, site)
    cluster.has("web", 8)
    executed(order(case(), second.plan), SCALE.seen(second, None, site).facts)
    with pytest.raises(RefusedError, match="There are 8; MAX_SCALE_FACTOR allows 2 times the 4 that there were at fi"):
        SCALE.plan(of, site)
    cluster.has("web", 10)
    assert SCALE.plan(of, site).parameters["first"] == 10

    cluster.has("web", 8)
    assert SCALE.undo(second, {}, site).endswith("was scaled back from 8 to 6 replicas.")
    assert cluster.replicas == {"web": 6}
    assert SCALE.undo(second, {}, site).endswith("has 6 replicas already.")
    cluster.has("web", 3)
    assert "it is left as it is" in SCALE.undo(second, {}, site)
    assert SCALE.seen(second, None, site).effect is False


@pytest.mark.django_db
def test_who_scales_at_the_same_time_is_not_overruled(cluster: FakeCluster) -> None:
    cluster.has("web", 4)
    site, of = site_of(), case(**BUSY)
    wanted = order(of, SCALE.plan(of, site))
    changes = iter((4, 4))
    cluster.before_write = lambda: cluster.has("web", next(changes, cluster.replicas["web"]))
    with pytest.raises(RefusedError, match="Somebody else has scaled the Deployment web meanwhile"):
        SCALE.apply(wanted, site)
    touches = iter((4,))
    cluster.before_write = lambda: [cluster.has("web", size) for size in touches]
    SCALE.apply(wanted, site)
    assert cluster.replicas == {"web": 6}

    cluster.has("web", 4)
    cluster.before_write = lambda: cluster.has("web", 9)
    with pytest.raises(RefusedError, match="Somebody else has scaled"):
        SCALE.apply(wanted, site)
    assert cluster.replicas == {"web": 9}


@pytest.mark.django_db
def test_an_answer_that_is_lost_is_looked_for(cluster: FakeCluster) -> None:
    cluster.has("web", 4)
    site, of = site_of(), case(**BUSY)
    wanted = order(of, SCALE.plan(of, site))

    def die() -> None:
        raise RuntimeError("the API server ends")

    cluster.after_write = die
    applied = SCALE.apply(wanted, site)
    assert "is not known yet" in applied.says
    cluster.has("web", 6)
    assert SCALE.seen(wanted, applied, site).effect is True


@pytest.mark.django_db
def test_it_refuses_what_must_not_be_scaled(cluster: FakeCluster, settings: Any) -> None:
    def refusal(**values: Any) -> str:
        with pytest.raises(RefusedError) as refused:
            SCALE.plan(case(**(BUSY | values)), site_of())
        return str(refused.value)

    cluster.has("web", 4)
    assert refusal(queue="mail", task_id="t").startswith(
        "Kubernetes does not read the scale of the Deployment none: 404"
    )
    assert "names no Deployment of billing" in refusal(service="billing")
    cluster.autoscalers = {"web-hpa": "web"}
    assert refusal() == "The autoscaler web-hpa decides on the scale of the Deployment web."
    cluster.allowed = {"get"}
    assert refusal() == "The service account of Enginel must not list horizontalpodautoscalers."
    cluster.allowed, cluster.autoscalers = {"get", "list"}, {}
    of = case(**BUSY)
    plan = SCALE.plan(of, site_of())
    with pytest.raises(RefusedError, match="must not scale the Deployment web"):
        SCALE.apply(order(of, plan), site_of())
    cluster.has("web", 4, made=3)
    assert "only 3 of 4 replicas were made yet" in refusal()
    cluster.has("web", 0)
    assert refusal() == "Somebody scaled the Deployment web to nothing."
    settings.MONITORING = {**settings.MONITORING, "KUBERNETES_TOKEN": "another"}
    assert refusal().endswith("401 Unauthorized")
    settings.MONITORING = {**settings.MONITORING, "KUBERNETES_URL": "http://127.0.0.1:1"}
    assert refusal() == "Kubernetes did not answer: ConnectionError."
    settings.MONITORING = {**settings.MONITORING, "KUBERNETES_URL": "", "KUBERNETES_TOKEN": ""}
    assert refusal() == "This is no pod of Kubernetes, and KUBERNETES_URL and KUBERNETES_TOKEN are not set."
    settings.AUTO_SCALE_ON_ERROR = False
    assert refusal() == "AUTO_SCALE_ON_ERROR is off: nothing is scaled."


@pytest.mark.django_db
def test_in_a_pod_it_is_the_service_account_that_asks(
    cluster: FakeCluster, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.has("web", 2)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "namespace").write_text("shop")
    monkeypatch.setattr(kubernetes, "ACCOUNT", tmp_path)
    settings.MONITORING = {**settings.MONITORING, "KUBERNETES_TOKEN": "", "KUBERNETES_NAMESPACE": ""}
    assert SCALE.plan(case(**BUSY), site_of()).parameters["new"] == 3
    (tmp_path / "token").write_text("the next one")
    with pytest.raises(RefusedError, match="401"):
        SCALE.plan(case(**BUSY), site_of())
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    assert kubernetes._own_address() == "https://[fd00::1]:6443"
    assert get_config().kubernetes_url == cluster.url


def test_nothing_grows_by_less_than_one_or_beyond_its_bound() -> None:
    assert growing.wanted(1, 1, 1.5, 3.0) == 2
    assert growing.wanted(10, 10, 1.5, 1.2) == 12
    with pytest.raises(RefusedError):
        growing.wanted(1, 1, 1.5, 1.9)


@pytest.fixture
def current(app: Celery) -> Iterator[Celery]:
    """The application whose workers are meant is the current one."""
    before = current_app._get_current_object()
    app.set_current()
    yield app
    before.set_current()


@pytest.mark.system
@pytest.mark.usefixtures("patient", "db")
def test_a_pool_grows_as_far_as_it_may_and_back(current: Celery, yard: Yard) -> None:
    node = yard.worker("prefork")
    site, of = site_of(current), case(**BUSY, task_id="t", queue="prefork")
    wanted = order(of, SCALE.plan(of, site))
    assert (wanted.plan.target, wanted.plan.parameters["new"]) == (f"pool:{node}", 3)
    applied = SCALE.apply(wanted, site)
    assert applied.facts == {"before": 2, "after": 3, "first": 2}
    assert SCALE.apply(wanted, site).facts == applied.facts
    seen = effect(SCALE, wanted, None, site)
    assert (seen.effect, seen.facts["after"]) == (True, 3)
    wait_for(lambda: len(yard.beat(node).state["processes"]) == 3, "there are three processes")

    executed(wanted, applied.facts)
    second = order(of, SCALE.plan(of, site))
    assert (second.plan.parameters["new"], second.plan.parameters["first"]) == (4, 2)
    assert applied.undo is not None
    assert "went from 3 to 2" in SCALE.undo(wanted, applied.undo, site)
    assert SCALE.undo(wanted, applied.undo, site) == f"The pool of {node} is 2 already."
    with pytest.raises(RefusedError, match="has changed its size meanwhile"):
        SCALE.apply(second, site)
    with pytest.raises(RefusedError, match="take more of the memory that is short"):
        SCALE.plan(case(error_type="MemoryError", task_id="t", queue="prefork"), site)


@pytest.mark.django_db
def test_a_pool_of_a_fixed_size_or_that_decides_for_itself_is_left_alone(app: Celery, yard: Yard) -> None:
    def refusal(queue: str) -> str:
        with pytest.raises(RefusedError) as refused:
            SCALE.plan(case(**BUSY, task_id="t", queue=queue), site_of(app))
        return str(refused.value)

    yard.hear_of("one@yard", queues=["one"], pool="solo")
    yard.hear_of("two@yard", queues=["two"], pool="threads")
    yard.hear_of("three@yard", queues=["three"], autoscale=[10, 3])
    assert refusal("none") == "No worker that lives consumes from none."
    assert "one@yard has a solo pool, whose size is fixed" in refusal("one")
    assert "two@yard has a threads pool, whose size is fixed" in refusal("two")
    assert "three@yard runs with --autoscale" in refusal("three")

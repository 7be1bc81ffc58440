"""Strategies as they are carried out: by the executor, with real resources, up to the end of the soak."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from celery import Celery, current_app
from django.core.cache import caches

from monitoring.protection.throttles.models import Throttle
from monitoring.recovery import verification
from monitoring.recovery.execution.desk import Desk, no_step
from monitoring.recovery.execution.holding import LEASE_SECONDS
from monitoring.recovery.states import ActionState, State
from monitoring.recovery.strategies.cache_clear import CacheClear
from monitoring.recovery.strategies.request_throttle import RequestThrottle
from monitoring.recovery.strategies.retry import Retry
from monitoring.stream import heartbeats
from tests.jobs.actions.test_rerun import NOBODY, depth, waiting
from tests.recovery.execution.stage import Stage, action, error, install, recovery

from .conftest import Yard, site_of

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class RealStage(Stage):
    """A stage with the real site."""

    app: Celery | None = None
    patience: float = field(default=2.0)

    def desk(self) -> Desk:
        return Desk(site_of(self.app), patience=self.patience, now=lambda: self.time, step=self.step)


class DeathError(BaseException):
    """The process ends."""


def dying_at(step: str) -> Callable[[str], None]:
    """Let the process end before a step."""

    def die(name: str) -> None:
        if name == step:
            raise DeathError

    return die


@pytest.fixture
def current(app: Celery) -> Iterator[Celery]:
    before = current_app._get_current_object()
    app.set_current()
    yield app
    before.set_current()


@pytest.fixture
def allowed(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "RECOVERY_STRATEGIES": ["harmless", "contained"]}


def test_a_failed_task_is_published_again_once(
    current: Celery, shop: Any, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Retry())
    stage, stored = RealStage(app=current), waiting(shop, yard)
    about = {"error_type": "ConnectionError", "exception_type": "builtins.ConnectionError", "status_code": 0}
    failed = error(**about, name="shop.pay", task_id=stored.pk, context={"queue": NOBODY})
    row = stage.work(recovery(failed, stage))
    done = action(row, strategy="retry")
    assert (row.state, row.message, done.state) == (State.SOAKING, "Recovery successful: Retry", ActionState.EXECUTED)
    stage.work(row)
    assert depth(shop) == 1


@pytest.mark.parametrize("step", ["perform", "keep", "executed"])
def test_whoever_dies_over_it_a_task_is_published_once(
    step: str, current: Celery, shop: Any, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Retry())
    stage, stored = RealStage(app=current, step=dying_at(step)), waiting(shop, yard)
    about = {"error_type": "ConnectionError", "exception_type": "builtins.ConnectionError", "status_code": 0}
    row = recovery(error(**about, name="shop.pay", task_id=stored.pk, context={"queue": NOBODY}), stage)
    with pytest.raises(DeathError):
        stage.work(row)
    stage.step = no_step
    stage.later(LEASE_SECONDS + 1)
    stage.work(row)
    assert action(row, strategy="retry").state == ActionState.EXECUTED
    assert depth(shop) == 1


@pytest.mark.usefixtures("allowed")
def test_a_cache_that_did_not_help_to_clear_is_put_back(
    redis_client: Any, redis_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": redis_url, "KEY_PREFIX": "shop"}}
    install(monkeypatch, CacheClear())
    caches["default"].set("price", 7)
    stage = RealStage()
    row = stage.work(recovery(error(), stage))
    assert action(row, strategy="cache_clear").state == ActionState.EXECUTED, row.message
    assert caches["default"].get("price") is None

    persisted = verification.Watched("persisted", "Looked at.")
    monkeypatch.setattr(verification, "watch", lambda *_: persisted)
    stage.later(121)
    stage.work(row)
    assert action(row, strategy="cache_clear").state == ActionState.ROLLED_BACK
    assert caches["default"].get("price") == 7


@pytest.mark.usefixtures("allowed")
def test_who_is_not_let_in_is_throttled_and_nobody_else(redis_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, RequestThrottle())
    stage = RealStage(patience=0.1)
    client, prefix = stage.desk().site.client, stage.config.stream_prefix
    heartbeats.send(client, prefix, "web", "enginel@here", {"pid": 7, "interval": 60.0, "instance": "one"})
    about = {"error_type": "AuthenticationFailed", "exception_type": "rest_framework.exceptions.AuthenticationFailed"}
    failed = error(**about, status_code=401, url_pattern="api/designs/", ip_address="203.0.113.7")
    row = stage.work(recovery(failed, stage))
    throttle = Throttle.objects.get()
    assert (throttle.scope, throttle.match, throttle.ended) == ("client", "203.0.113.7/32", None), row.message

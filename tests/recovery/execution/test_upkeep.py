"""What recovery costs, what it counts, when it is asked for, and what is left of it after a while."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from celery import Celery

from benchmarks.statements import counting
from monitoring.conf import get_config
from monitoring.exposition.collect import collect
from monitoring.intake.connections import write_connection
from monitoring.recovery import retention, verification
from monitoring.recovery.execution import due
from monitoring.recovery.execution.work import work
from monitoring.recovery.models import Recovery, RecoveryAction, RecoveryEntry
from monitoring.recovery.strategies.base import Applied, Order, Seen, Site
from tasks.intake import _nudge
from tasks.recovery import advance, recover
from tasks.schedule import install as schedule

from .stage import Reaches, Refuses, Stage, Writes, error, install, recovery

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    told = verification.Watched
    monkeypatch.setattr(verification, "watch", lambda *_: told("persisted", "It went on."))
    return Stage()


def _statements(row: Recovery, stage: Stage, until: str) -> int:
    """How many statements it takes until a step."""
    with counting(write_connection()) as seen:
        found: list[int] = []

        def step(name: str) -> None:
            if name == until:
                found.append(len(seen))

        stage.step = step
        work(row.pk, stage.desk())
    return found[0]


def test_few_statements_lie_between_the_request_and_the_effect(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Writes(), Refuses())
    work(recovery(error(), stage).pk, stage.desk())
    stage.later(3600)
    RecoveryAction.objects.all().delete()
    assert _statements(recovery(error(), stage), stage, "begin") <= 8
    stage.later(3600)
    RecoveryAction.objects.all().delete()
    assert _statements(recovery(error(), stage), stage, "executed") <= 24


def test_beat_asks_for_what_is_due_on_the_queue_of_the_platform() -> None:
    app = Celery("shop", set_as_current=False)
    schedule(app)
    entry = app.conf.beat_schedule["enginel-advance-recoveries"]
    assert (entry["task"], entry["schedule"]) == (advance.name, 5.0)
    for name in (advance.name, recover.name):
        assert app.amqp.router.route({}, name)["queue"].name == "monitoring"
    assert advance.name in get_config().ignored_tasks


def test_a_drain_sends_for_what_it_made_due_at_once_and_by_severity(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, redis_client: Any
) -> None:
    app = recover.app
    row = recovery(error(severity="high"), stage, priority=3)
    with app.connection_for_write(url=get_config().redis_url) as connection:
        monkeypatch.setattr(recover, "apply_async", partial(recover.apply_async, connection=connection))
        _nudge("recovery")
    (key,) = [key for key in redis_client.keys("monitoring*") if redis_client.type(key) == b"list"]
    assert key.endswith(b"3")
    (message,) = redis_client.lrange(key, 0, -1)
    assert json.loads(message)["headers"]["argsrepr"] == f"('{row.pk}',)"


def test_what_is_due_is_handed_out_by_severity_and_again_where_the_message_is_lost(stage: Stage) -> None:
    late = recovery(error(severity="low"), stage, priority=9)
    grave = recovery(error(), stage, priority=0)
    recovery(error(), stage, next_at=stage.time + timedelta(seconds=60))
    assert [(one.id, one.priority) for one in due.take(stage.desk())] == [(grave.pk, 0), (late.pk, 9)]
    assert due.take(stage.desk()) == []
    stage.later(due.HANDED_SECONDS)
    assert len(due.take(stage.desk())) == 2


def test_what_waits_for_its_targets_is_looked_at_again_and_given_up_after_a_while(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, redis_client: Any
) -> None:
    class Waits(Reaches):
        def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen:
            return Seen(None, "One process has not said so yet.")

    install(monkeypatch, Waits())
    row = stage.work(recovery(error(), stage))
    assert (row.state, row.success, redis_client.get("deeds")) == ("executing", None, b"1")
    stage.later(5)
    stage.work(row)
    assert (row.state, redis_client.get("deeds")) == ("executing", b"1")
    stage.later(26)
    stage.work(row)
    assert (row.state, row.success, redis_client.get("deeds")) == ("soaking", False, b"0")
    assert "did not take effect within 30 s" in row.message


def test_what_became_of_actions_and_recoveries_is_counted_since_ever(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Writes())
    row = stage.work(recovery(error(), stage))
    stage.later(121)
    stage.work(row)
    Recovery.objects.all().delete()
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in collect(get_config())
        for sample in family.samples
        if "recover" in sample.name
    }
    assert samples["enginel_recovery_actions_total", "pool_increase", "executed"] == 1
    assert samples["enginel_recovery_actions_total", "pool_increase", "rolled_back"] == 1
    assert samples["enginel_recovery_actions_total", "pool_increase", "failed"] == 0
    assert samples["enginel_recoveries_total", "pool_increase", "persisted"] == 1
    assert samples["enginel_recoveries_total", "none", "cleared"] == 0
    assert samples["enginel_recovery_latency_seconds_count", "executed"] == 1
    assert (samples["enginel_recovery_enabled",], samples["enginel_recovery_actions_standing",]) == (1, 0)


def test_what_is_long_over_is_dropped_but_not_what_stands(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    class Lasts(Writes):
        seconds = None

    monkeypatch.setattr(verification, "watch", lambda *_: verification.Watched("cleared", "It ended."))
    install(monkeypatch, Lasts())
    stays = stage.work(recovery(error(), stage))
    goes = stage.work(recovery(error(), stage))
    stage.later(121)
    for row in (stays, goes):
        stage.work(row)
    old = stage.time - timedelta(days=91)
    Recovery.objects.update(settled_at=old)
    RecoveryEntry.objects.update(at=old)
    retention.prune(get_config())
    assert list(Recovery.objects.values_list("pk", flat=True)) == [stays.pk]
    assert not RecoveryEntry.objects.exists()

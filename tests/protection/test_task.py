"""Who is blocked is decided by a task, which beat sends, and drains nudge."""

from __future__ import annotations

import pytest
from celery import Celery

from monitoring.conf import get_config
from monitoring.protection.blocks.models import Block
from monitoring.stream.decisions import Replica
from tasks.intake import _DUE
from tasks.protection import decide
from tasks.schedule import install
from tests.pipeline import client
from tests.protection.failing import BAD, count, times


def test_beat_asks_for_it_on_the_queue_of_the_platform_and_it_is_not_recorded_itself() -> None:
    app = Celery("shop", set_as_current=False)
    install(app)
    entry = app.conf.beat_schedule["enginel-decide-blocks"]
    assert (entry["task"], entry["schedule"]) == (decide.name, 10.0)
    assert app.amqp.router.route({}, decide.name)["queue"].name == "monitoring"
    assert decide.name in get_config().ignored_tasks


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_client")
def test_what_a_drain_says_is_due_is_decided_and_every_process_can_know() -> None:
    (due,) = count(times(BAD, 6)).due
    _DUE[due]()
    row = Block.objects.get()
    follower = Replica(get_config().stream_prefix)
    follower.catch_up(client())
    (entry,) = follower.kinds["block"].values()
    assert follower.kinds["block"].keys() == {"4:32:cb007107"}
    assert (entry.expires, f'"id":{row.pk}' in entry.value) == (int(row.expires.timestamp() * 1000), True)
    assert follower.kinds["block_length"]["4:32"].value == "1"
    assert follower.kinds["protection"]["mode"].value == "enforce"
    assert client().exists(f"blocked_ip:{BAD}", f"error_count:ip:{BAD}") == 2

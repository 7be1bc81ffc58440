"""What the database decides reaches the copy of every process, by a task that beat sends."""

from __future__ import annotations

from typing import Any

import pytest
from celery import Celery

from monitoring.conf import get_config
from monitoring.errors.bugs.models import BugStatus, KnownBug
from monitoring.recording.decisions import copy
from monitoring.stream.decisions import Entry, Replica
from tasks.decisions import project
from tasks.schedule import install
from tests.pipeline import client

pytestmark = pytest.mark.django_db


def bug(number: int = 1) -> KnownBug:
    return KnownBug.objects.create(
        bug_id=f"B-{number:03}", number=number, service="shop", fingerprint=f"{number:016x}", title="It broke"
    )


def test_an_open_bug_is_projected_and_one_that_is_resolved_is_taken_back(redis_client: Any) -> None:
    follower = Replica(get_config().stream_prefix)
    one, _ = bug(1), bug(2)
    project()
    follower.catch_up(client())
    expected = {"shop:0000000000000001": Entry("B-001"), "shop:0000000000000002": Entry("B-002")}
    assert follower.kinds["bug"] == expected
    KnownBug.objects.filter(pk=one.pk).update(status=BugStatus.RESOLVED)
    project()
    follower.catch_up(client())
    assert set(follower.kinds["bug"]) == {"shop:0000000000000002"}


@pytest.mark.usefixtures("eager")
def test_in_eager_mode_this_process_knows_at_once_what_is_projected() -> None:
    bug()
    project()
    assert copy.get("bug", "shop:0000000000000001") == "B-001"


def test_beat_asks_for_it_on_the_queue_of_the_platform_and_it_is_not_recorded_itself() -> None:
    app = Celery("shop", set_as_current=False)
    install(app)
    entry = app.conf.beat_schedule["enginel-project-decisions"]
    assert (entry["task"], entry["schedule"]) == (project.name, 10.0)
    assert app.amqp.router.route({}, project.name)["queue"].name == "monitoring"
    assert project.name in get_config().ignored_tasks

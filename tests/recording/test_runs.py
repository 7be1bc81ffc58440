"""Which runs of tasks are kept, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from celery import Celery

from monitoring.jobs.runs.models import TaskRun
from monitoring.recording.context import Context, current
from tests.recording.test_celery import HEADER, published, run, stamp

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture
def app() -> Iterator[Celery]:
    app = Celery("tests", broker="memory://", backend="cache+memory://", set_as_current=False)
    yield app
    app.close()


@pytest.fixture(autouse=True)
def noon() -> Iterator[Any]:
    """A clock that stands at a full minute, so that no test runs over its end."""
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    with time_machine.travel(minute, tick=False) as traveller:
        yield traveller


def nothing() -> None:
    """Do nothing, as a task."""


def anything(*_: Any, **__: Any) -> None:
    """Take whatever is given, as a task."""


def reasons(name: str) -> list[str]:
    return sorted(TaskRun.objects.filter(name=name).values_list("reason", flat=True))


def change(settings: Any, **values: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, **values}


def test_successes_are_kept_up_to_the_limit_of_each_minute(app: Celery, settings: Any, noon: Any) -> None:
    change(settings, SAMPLED_RUNS_PER_MINUTE=3)
    task = app.task(name="runs.ok")(nothing)
    for _ in range(5):
        run(app, task)
    assert reasons("runs.ok") == ["sample"] * 3
    noon.shift(60)
    run(app, task)
    assert reasons("runs.ok") == ["sample"] * 4


def test_failures_are_kept_beside_the_sample_with_what_was_raised(app: Celery, settings: Any) -> None:
    change(settings, SAMPLED_RUNS_PER_MINUTE=1)

    @app.task(name="runs.fail")
    def fail() -> None:
        raise LookupError("password=hunter2 at redis://user:secret@host/0")

    for _ in range(4):
        run(
            app,
            fail,
            parent_id="p1",
            root_id="r1",
            group="g1",
            retries=2,
            **{HEADER: stamp(2, trace="d" * 32, user="7")},
        )
    assert reasons("runs.fail") == ["failure"] * 4
    kept = TaskRun.objects.filter(name="runs.fail").first()
    assert kept is not None
    assert (kept.state, kept.exception, kept.queue, kept.retries) == ("FAILURE", "LookupError", "shop", 2)
    assert (kept.parent_id, kept.root_id, kept.group_id) == ("p1", "r1", "g1")
    assert (kept.trace_id, kept.user_id) == ("d" * 32, "7")
    assert "secret" not in kept.message
    assert kept.wait is not None
    assert kept.wait >= 2.0


def test_a_storm_of_failures_is_kept_up_to_its_own_limit(app: Celery, settings: Any) -> None:
    change(settings, RUNS_PER_MINUTE=5)

    @app.task(name="runs.storm")
    def fail() -> None:
        raise LookupError

    for _ in range(9):
        run(app, fail)
    assert reasons("runs.storm") == ["failure"] * 5


def test_a_slow_success_is_kept_as_such(app: Celery, settings: Any) -> None:
    change(settings, SLOW_OPERATION_SECONDS={"runs.slow": 0.000_001}, SAMPLED_RUNS_PER_MINUTE=1)
    task = app.task(name="runs.slow")(nothing)
    run(app, task)
    run(app, task)
    assert reasons("runs.slow") == ["slow", "slow"]


def test_arguments_are_kept_only_when_asked_for_and_scrubbed(app: Celery, settings: Any) -> None:
    task = app.task(name="runs.args")(anything)

    def arguments(*given: Any) -> str:
        return TaskRun.objects.get(task_id=run(app, task, *given)).arguments

    secret = {"token": "t0p", "colour": "red"}
    assert arguments(secret) == ""
    change(settings, RUN_ARGUMENTS=True)
    assert arguments(secret, 7) == "*_=[{'token': '[filtered]', 'colour': 'red'}, 7]"
    assert len(arguments("x" * 900, "y" * 900)) == 1_000


def test_positional_arguments_are_scrubbed_by_the_names_that_the_task_gives_them(app: Celery, settings: Any) -> None:
    @app.task(name="runs.login", bind=True)
    def login(self: Any, user: str, password: str, *tokens: str) -> None:
        """Take a secret by position."""

    change(settings, RUN_ARGUMENTS=True)
    kept = TaskRun.objects.get(task_id=run(app, login, "bob", "hunter2secret", "t1", "t2"))
    assert kept.arguments == "user='bob', password='[filtered]', *tokens='[filtered]'"


def test_what_comes_of_a_kept_request_is_kept_and_of_another_is_not(app: Celery, settings: Any) -> None:
    change(settings, SAMPLED_RUNS_PER_MINUTE=1)
    task = app.task(name="runs.child")(nothing)
    for number in range(3):
        context = Context(name="POST api/orders/")
        token = current.set(context)
        headers = [published(app, task)[HEADER] for _ in range(3)]
        current.reset(token)
        assert {header.split(";")[5] for header in headers} == {"0" if number else "1"}
        for header in headers:
            run(app, task, **{HEADER: header})
    rows = TaskRun.objects.filter(name="runs.child")
    first = rows.values_list("trace_id", flat=True)
    # All three of the kept request; of the others one, so that a rare task is seen at all.
    assert len(first) == 4
    assert {row.origin for row in rows} == {"POST api/orders/"}


def test_an_unprintable_exception_costs_its_message_alone(app: Celery) -> None:
    class BrokenError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    @app.task(name="runs.broken")
    def broken() -> None:
        raise BrokenError

    run(app, broken)
    kept = TaskRun.objects.get(name="runs.broken")
    assert (kept.exception, kept.message) == ("BrokenError", "<unprintable>")

"""What Celery's hooks stamp on messages and record of executions. System tests run the same under real workers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from billiard.einfo import ExceptionInfo
from celery import Celery, Task, signals
from celery.app.trace import build_tracer
from celery.exceptions import Ignore, Reject, TimeLimitExceeded, WorkerLostError
from celery.worker.request import Request

from monitoring.errors.models import ErrorLog
from monitoring.jobs.runs.models import TaskRun
from monitoring.metrics import MetricsCollector
from monitoring.performance.stats import slowest_total
from monitoring.recording import errors
from monitoring.recording.celery import HEADER, kills, worker
from monitoring.recording.context import Context, current

pytestmark = pytest.mark.usefixtures("eager")

_ids = iter(range(10**9))


@pytest.fixture
def app() -> Iterator[Celery]:
    app = Celery("tests", broker="memory://", backend="cache+memory://", set_as_current=False)
    yield app
    app.close()


def nothing() -> None:
    """Do nothing, as a task."""


def run(app: Celery, task: Any, *args: Any, **request: Any) -> str:
    """Run a task as a worker's child does; return its id."""
    task_id = str(request.pop("id", f"task-{time.time_ns()}-{next(_ids)}"))
    delivery = {"routing_key": "shop", "exchange": ""}
    trace = build_tracer(task.name, task, app=app, propagate=False)
    trace(
        task_id, list(args), {}, {"id": task_id, "delivery_info": delivery, "retries": 0, "is_eager": False, **request}
    )
    return task_id


def counters(name: str) -> dict[str, int]:
    metrics, prefix = MetricsCollector.get_metrics(), f"celery_task_{name}"
    return {key.removeprefix(prefix).strip("_") or "all": n for key, n in metrics.items() if key.startswith(prefix)}


def stamp(seconds_ago: float, trace: str = "", user: str = "") -> str:
    sent = time.time_ns() - int(seconds_ago * 1e9)
    return f"{sent};{sent};{trace};{trace};{user}"


def test_a_success_is_recorded_with_runtime_and_wait(app: Celery) -> None:
    @app.task(name="shop.ok")
    def task() -> None:
        time.sleep(0.01)

    run(app, task, **{HEADER: stamp(2.0)})
    assert slowest_total("task")["shop.ok"]["min_duration"] >= 0.01
    assert slowest_total("wait")["shop.ok"]["min_duration"] >= 2.0
    assert counters("shop.ok") == {"all": 1, "SUCCESS": 1}


def test_a_task_that_was_to_wait_until_later_has_not_waited_before(app: Celery) -> None:
    task = app.task(name="shop.later")(nothing)
    due = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    run(app, task, eta=due, **{HEADER: stamp(3600)})
    assert 1.0 <= slowest_total("wait")["shop.later"]["max_duration"] < 60.0


def test_a_clock_that_runs_ahead_makes_no_negative_wait(app: Celery) -> None:
    task = app.task(name="shop.ahead")(nothing)
    run(app, task, **{HEADER: stamp(-100)})
    assert slowest_total("wait")["shop.ahead"]["max_duration"] == 0.0


@pytest.mark.parametrize("header", ["", "1;2", "x;y;z;a;b", 17, None, {"a": 1}])
def test_a_stamp_of_another_form_does_not_stop_the_task(app: Celery, header: Any) -> None:
    ran = []

    @app.task(name="shop.stamp")
    def task() -> None:
        ran.append(1)

    run(app, task, **{HEADER: header})
    assert ran == [1]
    assert slowest_total("task")["shop.stamp"]["count"] == 1


def test_a_failure_is_recorded_once_with_its_error(app: Celery) -> None:
    @app.task(name="shop.fail")
    def fail() -> None:
        raise LookupError("nothing there")

    task_id = run(app, fail, **{HEADER: stamp(0.1, trace="c" * 32, user="7")})
    assert slowest_total("task")["shop.fail"]["error_count"] == 1
    assert counters("shop.fail") == {"all": 1, "FAILED": 1}
    error = ErrorLog.objects.get()
    assert (error.error_type, error.name, error.trace_id) == ("LookupError", "shop.fail", "c" * 32)
    assert (error.context["task_id"], error.context["user_id"]) == (task_id, "7")
    assert error.chain[0]["frames"][-1][2].endswith("fail")


def test_a_retry_is_an_execution_but_no_failure(app: Celery) -> None:
    @app.task(name="shop.retry", bind=True, max_retries=3)
    def again(self: Any) -> None:
        raise self.retry(exc=LookupError("not yet"), countdown=0)

    run(app, again, called_directly=False)
    assert counters("shop.retry") == {"all": 1, "RETRY": 1}
    assert slowest_total("task")["shop.retry"]["error_count"] == 0
    assert not ErrorLog.objects.exists()


def test_what_a_task_says_it_may_end_with_is_expected_and_wants_no_bug(app: Celery) -> None:
    @app.task(name="shop.sold_out", throws=(LookupError,))
    def sold_out() -> None:
        raise KeyError("bolts")

    run(app, sold_out)
    error = ErrorLog.objects.get()
    assert (error.error_type, error.group and error.group.bug_state) == ("KeyError", "")


def test_what_breaks_on_failure_is_told_with_what_the_task_failed_with(app: Celery) -> None:
    class Careless(Task):
        def on_failure(self, *_: Any) -> None:
            raise ValueError("on failure")

    @app.task(name="shop.careless", base=Careless)
    def careless() -> None:
        raise LookupError("the cause")

    with pytest.raises(ValueError, match="on failure"):  # handled by what calls Celery's tracer
        run(app, careless, **{HEADER: stamp(0.1, trace="c" * 32)})
    (error,) = ErrorLog.objects.all()
    assert [raised["type"] for raised in error.chain] == ["ValueError", "LookupError"]
    assert (error.name, error.trace_id) == ("shop.careless", "c" * 32)


def test_an_exception_that_cannot_be_pickled_is_told_by_its_class(app: Celery) -> None:
    class UnpicklableError(Exception):
        def __init__(self, one: Any, two: Any) -> None:
            super().__init__(lambda: one)

    def refuse() -> None:
        raise UnpicklableError(1, 2)

    @app.task(name="shop.unpicklable")
    def unpicklable() -> None:
        try:
            refuse()
        except UnpicklableError as error:
            errors.report(error)
            raise

    run(app, unpicklable)
    assert [error.error_type for error in ErrorLog.objects.all()] == ["UnpicklableError"]


def test_a_message_for_a_task_that_nobody_knows_is_an_error_of_that_name(app: Celery) -> None:
    worker.unknown(name="shop.renamed", id="8", message=None)
    error = ErrorLog.objects.get()
    assert (error.name, error.message) == ("shop.renamed", "Received unregistered task of type shop.renamed")
    assert (error.severity, error.task_id) == ("high", "8")


@pytest.mark.parametrize(("raised", "state"), [(Ignore(), "IGNORED"), (Reject("no"), "REJECTED")])
def test_states_without_an_event_of_their_own_are_counted(app: Celery, raised: Exception, state: str) -> None:
    @app.task(name="shop.odd")
    def odd() -> None:
        raise raised

    run(app, odd)
    assert counters("shop.odd") == {"all": 1, state: 1}
    assert "shop.odd" not in slowest_total("task")


def taken(app: Celery, task: Any) -> Any:
    """Take a message from its queue, as the main process of a worker does."""
    kills.watch()
    sent = app.amqp.as_task_v2(f"task-{next(_ids)}", task.name, [], {})
    message: Any = SimpleNamespace(headers=sent.headers, body=sent.body, delivery_info={}, properties={}, payload=[])
    return Request(message, app=app, task=task, headers=sent.headers, body=([], {}, {}), decoded=True)


def raised(exception: BaseException) -> ExceptionInfo:
    try:
        raise exception  # noqa: TRY301  # Celery's object wants one that is handled
    except BaseException:
        return ExceptionInfo()


def test_a_killed_child_is_recorded_once_by_the_worker(app: Celery) -> None:
    request = taken(app, app.task(name="shop.killed")(nothing))
    for _ in range(2):
        request.on_failure(raised(WorkerLostError("signal 9")))
    stats = slowest_total("task")["shop.killed"]
    assert (stats["count"], stats["error_count"], stats["avg_duration"]) == (1, 1, 0.0)
    assert ErrorLog.objects.get().error_type.endswith("WorkerLostError")


def test_a_hard_time_limit_counts_with_the_time_it_ran(app: Celery) -> None:
    request = taken(app, app.task(name="shop.limit")(nothing))
    request.on_failure(raised(TimeLimitExceeded(3.0)))
    request.on_timeout(soft=False, timeout=3.0)
    stats = slowest_total("task")["shop.limit"]
    assert (stats["count"], stats["max_duration"]) == (1, 3.0)


def test_a_process_that_ends_within_a_task_that_is_put_back_counts_as_a_retry(app: Celery) -> None:
    task = app.task(name="shop.leaves", acks_late=True, reject_on_worker_lost=True)(nothing)
    taken(app, task).on_failure(raised(SystemExit(3)))
    assert counters("shop.leaves") == {"all": 1, "RETRY": 1}


def test_what_had_succeeded_before_its_process_was_killed_is_no_kill(app: Celery) -> None:
    request = taken(app, app.task(name="shop.done", acks_late=True)(nothing))
    app.backend.store_result(request.id, None, "SUCCESS")
    request.on_failure(raised(WorkerLostError("signal 9")))
    assert counters("shop.done") == {}


def test_a_failure_that_the_main_process_alone_knows_of_is_recorded(app: Celery) -> None:
    request = taken(app, app.task(name="shop.unreadable")(nothing))
    request.on_failure(raised(ValueError("no such result")))
    assert counters("shop.unreadable") == {"all": 1, "FAILED": 1}
    assert TaskRun.objects.get(task_id=request.id).reason == "failure"


def test_a_revoked_task_is_counted_without_a_duration(app: Celery) -> None:
    task = app.task(name="shop.revoked")(nothing)
    request = SimpleNamespace(id="gone", task="shop.revoked")
    for _ in range(2):
        signals.task_revoked.send(sender=task, request=request, terminated=False, signum=None, expired=True)
    assert counters("shop.revoked") == {"all": 1, "REVOKED": 1}
    assert "shop.revoked" not in slowest_total("task")


def published(app: Celery, task: Any, **options: Any) -> dict[str, Any]:
    """Publish for real to the memory broker; return the message's headers."""
    seen: list[dict[str, Any]] = []

    def look(headers: dict[str, Any] | None = None, **_: Any) -> None:
        seen.append(headers or {})

    signals.after_task_publish.connect(look)
    try:
        task.apply_async(queue=f"stamps-{next(_ids)}", **options)
    finally:
        signals.after_task_publish.disconnect(look)
    return seen[0]


def test_a_message_carries_when_it_was_sent_and_the_ids_of_its_request(app: Celery) -> None:
    task = app.task(name="shop.published")(nothing)
    context = Context(name="GET x")
    context.inherit("d" * 32, "request-1", "42")
    token = current.set(context)
    before = time.time_ns()
    sent, first, trace, request, user, kept, origin = published(app, task)[HEADER].split(";")
    current.reset(token)
    assert before <= int(sent) == int(first) <= time.time_ns()
    assert (trace, request, user) == ("d" * 32, "request-1", "42")
    assert (kept, origin) == ("1", "GET x")


def test_a_retry_keeps_the_time_of_its_first_sending(app: Celery) -> None:
    task = app.task(name="shop.again")(nothing)
    context = Context("shop.again", task_id="same")
    context.stamp = "456;123;;;"
    token = current.set(context)
    try:
        assert published(app, task, task_id="same")[HEADER].split(";")[1] == "123"
        assert published(app, task, task_id="child")[HEADER].split(";")[1] != "123"
    finally:
        current.reset(token)


def test_a_task_inside_of_a_request_gives_its_context_back(app: Celery) -> None:
    task = app.task(name="shop.inner")(nothing)
    outer = Context(name="GET x")
    token = current.set(outer)
    run(app, task)
    assert current.get() is outer
    current.reset(token)


def test_tasks_that_carry_the_recording_are_not_recorded(app: Celery) -> None:
    task = app.task(name="tasks.intake.drain")(nothing)
    run(app, task)
    assert slowest_total("task") == {}


def test_a_task_counted_by_hand_under_its_own_name_counts_once(app: Celery) -> None:
    @app.task(name="shop.byhand")
    def byhand() -> None:
        MetricsCollector.track_celery_task(task_name="shop.byhand", duration=1.0, status="SUCCESS")
        MetricsCollector.track_celery_task(task_name="other", duration=1.0, status="SUCCESS")

    run(app, byhand)
    assert counters("shop.byhand") == {"all": 1, "SUCCESS": 1}
    assert counters("other") == {"all": 1, "SUCCESS": 1}

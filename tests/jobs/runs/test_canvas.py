"""What a real worker makes of a canvas: every run of a tree is kept, and knows its parent, root, group and request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery, group

from monitoring.analysis.traces import reading
from monitoring.conf import get_config
from monitoring.jobs.runs import family
from monitoring.jobs.runs.models import TaskRun
from monitoring.jobs.runs.tree import build
from monitoring.recording.context import Context, current
from tests.pipeline import drain_all

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).parents[3]
SECONDS = 60
TASKS, RUNS = 13, 15
"""Of one `canvas.all`: one of its tasks runs three times."""
SHAPE = [
    "0 POST api/orders/",
    "1 canvas.all",
    "2 canvas.broken",
    *["2 canvas.step"] * 4,
    "3 canvas.caught",
    "3 canvas.flaky",
    "3 canvas.step",
    "4 canvas.body",
    "4 canvas.step",
    "5 canvas.step",
    "6 canvas.step",
]
"""How deep its tasks are below their request."""
TREES = SAMPLED = 3
"""Each tree has three runs of `canvas.step` that publish, so that one process has more of them than are sampled."""


@pytest.fixture
def canvas(redis_client: Any, redis_url: str, tmp_path: Path, settings: Any) -> Iterator[Celery]:
    """An application like the worker's, and the worker."""
    settings.MONITORING = {**settings.MONITORING, "SAMPLED_RUNS_PER_MINUTE": SAMPLED}
    queue = f"canvas-{get_config().stream_prefix}"
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "PYTEST"))}
    mine |= {"CANVAS_REDIS": redis_url, "CANVAS_QUEUE": queue, "MONITORING": json.dumps(settings.MONITORING)}
    command = ["celery", "--app", "tests.jobs.runs.canvas_app", "worker", "--concurrency", "2", "--loglevel", "WARNING"]
    app = Celery("canvas", broker=redis_url, backend=redis_url, set_as_current=False)
    app.conf.task_default_queue = queue
    with (tmp_path / "log").open("wb") as log:
        worker = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=mine, stdout=log, stderr=log)
    try:
        yield app
    finally:
        app.close()
        worker.terminate()
        worker.wait(SECONDS)


def in_request(publish: Callable[[], Any]) -> Context:
    resolved = SimpleNamespace(route="api/orders/")
    request = SimpleNamespace(method="POST", META={}, path="/api/orders/", resolver_match=resolved)
    context = Context("", request)
    token = current.set(context)
    try:
        publish()
    finally:
        current.reset(token)
    return context


def wait_for_runs(expected: int) -> list[TaskRun]:
    until = time.monotonic() + SECONDS
    while (found := TaskRun.objects.count()) < expected:
        assert time.monotonic() < until, f"{found} of {expected} after {SECONDS} s"
        drain_all()
        time.sleep(0.05)
    return list(TaskRun.objects.all())


def test_trees_are_kept_whole_though_more_were_published_than_are_sampled(canvas: Celery) -> None:
    request = in_request(lambda: [canvas.signature("canvas.all").delay() for _ in range(TREES)])
    runs = wait_for_runs(TREES * RUNS)
    names = {run.task_id: run.name for run in runs}
    assert len(names) == TREES * TASKS
    assert {run.request_id for run in runs} == {runs[0].trace_id}
    roots = {run.task_id for run in runs if not run.parent_id}
    assert {names[root] for root in roots} == {"canvas.all"}
    assert {run.root_id for run in runs} == roots
    assert all(run.origin == names.get(run.parent_id, "POST api/orders/") for run in runs)
    groups = {run.task_id: run.group_id for run in runs}
    bodies = [run for run in runs if run.name == "canvas.body"]
    assert all(run.group_id and run.group_id == groups[run.parent_id] for run in bodies)

    assert_whole(next(run for run in bodies))
    assert_spans(runs, request)

    (group([canvas.signature("canvas.step") for _ in range(2)]) | canvas.signature("canvas.body")).delay()
    alone = [run for run in wait_for_runs(TREES * RUNS + 3) if run.root_id not in roots]
    assert {run.trace_id for run in alone} == {run.group_id.replace("-", "") for run in alone}
    assert sorted(run.name for run in alone) == ["canvas.body", "canvas.step", "canvas.step"]


def assert_whole(body: TaskRun) -> None:
    """Assert that a leaf leads to all of its tree, with the request on top."""
    tree = build(family.executions("task_id", body.task_id)[0])
    assert tree.nodes[0].kind == "request"
    assert len(tree.nodes) == 1 + TREES * TASKS
    assert all(node.kept for node in tree.nodes)
    assert {node.name for node in tree.nodes if node.body} == {"canvas.body"}
    flaky = next(node for node in tree.nodes if node.name == "canvas.flaky")
    assert (flaky.state, flaky.retries, len(flaky.executions)) == ("SUCCESS", 2, 3)
    outline = [f"{node.depth} {node.name}" for node in build(family.executions("root_id", body.root_id)[0]).nodes]
    assert sorted(outline) == SHAPE


def assert_spans(runs: list[TaskRun], request: Context) -> None:
    """Assert that each execution is a span of its own, below that of what published it; new tries beside the first."""
    spans = {run.span_id: run for run in runs}
    assert len(spans) == len(runs)
    for run in runs:
        assert run.trace_id == request.trace_id
        if not run.parent_id:
            assert run.parent_span_id == request.span_id
            continue
        assert spans[run.parent_span_id].name == run.origin
        if run.name != "canvas.body":  # a chord's is published by whichever of its header ends last
            assert spans[run.parent_span_id].task_id == run.parent_id
    trace = reading.read(request.trace_id)
    assert trace is not None
    assert {node.parent for node in trace.nodes if node.depth} <= {node.id for node in trace.nodes}
    assert len(trace.nodes) == len(runs)
    assert {node.part.name for node in trace.nodes if not node.depth} == {"canvas.all"}  # the request had no span

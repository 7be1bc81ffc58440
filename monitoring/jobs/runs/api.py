"""Task runs over HTTP: those that ended, those that go on, and trees of both."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import SecondsField, WholeNumberField
from monitoring.access.openapi import describe
from monitoring.access.paging import MAX_LIMIT, CursorPages
from monitoring.access.problems import refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView
from monitoring.conf import get_config

from . import family, running
from .filters import Exact, InternalField, RunFilterSerializer, hides_internal, narrowed
from .models import TaskRun
from .serializers import NowSerializer, RunSerializer, TaskSerializer, TreeSerializer
from .tree import STARTED, build

_MAX_ID = 200


class RunPages(CursorPages):
    """Pages of runs, the newest first."""

    ordering = ("-ended", "-id")


class TasksView(ApiView, generics.ListAPIView[TaskRun]):
    """Runs of tasks."""

    serializer_class = RunSerializer
    pagination_class = RunPages
    filter_backends = []

    def get_queryset(self) -> QuerySet[TaskRun]:
        """Narrow down by the query parameters."""
        return narrowed(read(self.request, RunFilterSerializer, RunPages))

    @describe(
        operation_id="tasks",
        parameters=[RunFilterSerializer],
        responses={200: RunSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the runs that are kept, the newest first: all that did not simply succeed, and a sample of those."""
        return super().get(request, *args, **kwargs)


class RunningFilterSerializer(serializers.Serializer[Any]):
    """Which of the tasks that run."""

    name = Exact(help_text="Name of the task.")
    queue = Exact()
    worker = Exact(help_text="Whole name of its node.")
    internal = InternalField()
    min_age = SecondsField(required=False, help_text="Those that have been running for so many seconds or longer.")
    limit = WholeNumberField(default=100, min_value=1, max_value=MAX_LIMIT, help_text="How many are shown.")


class RunningView(ApiView):
    """What runs now."""

    @describe(
        operation_id="tasks_running",
        parameters=[RunningFilterSerializer],
        responses={200: NowSerializer, **refusals(400)},
    )
    def get(self, request: Request) -> Response:
        """List what runs now, the oldest first: what is recorded, and what workers say that they are busy with."""
        wanted = read(request, RunningFilterSerializer)
        own = get_config().internal_tasks if hides_internal(wanted) else ()
        wanted.pop("internal", None)
        limit, min_age = wanted.pop("limit"), wanted.pop("min_age", None)
        found = running.now()
        shown = [task for task in found.tasks if task.findings or not task.name.startswith(own)]
        tasks = [task for task in shown if all(getattr(task, title) == wanted[title] for title in wanted)]
        if min_age is not None:
            tasks = [task for task in tasks if task.age is not None and task.age >= min_age]
        answer = {
            "count": len(tasks),
            "truncated": found.truncated or len(tasks) > limit,
            "stale": found.stale,
            "tasks": tasks[:limit],
        }
        return Response(NowSerializer(answer).data)


class TaskView(ApiView):
    """One task."""

    @describe(operation_id="task", responses={200: TaskSerializer, **refusals(404)})
    def get(self, request: Request, task_id: str) -> Response:
        """Return every run of a task that is kept, and those that go on."""
        if "\0" in task_id or len(task_id) > _MAX_ID:
            raise NotFound("No id is like that.")
        runs = list(TaskRun.objects.filter(task_id=task_id).order_by("-ended", "-id")[:MAX_LIMIT])
        going = running.now(task_id).tasks
        if not runs and not going:
            raise NotFound("Nothing is known of a task of this id: it did not begin yet, or its run was not kept.")
        answer = {
            "task_id": task_id,
            "name": runs[0].name if runs else going[-1].name,
            "state": STARTED if going else runs[0].state,
            "retries": max((run.retries for run in runs), default=0),
            "runs": runs,
            "running": going,
            "tree": request.build_absolute_uri(f"{reverse('monitoring:task-tree')}?{urlencode({'task_id': task_id})}"),
        }
        return Response(TaskSerializer(answer).data)


class TreeFilterSerializer(serializers.Serializer[Any]):
    """Of what the tree is wanted: exactly one of them."""

    task_id = Exact(help_text="The whole that this task belongs to.")
    root_id = Exact(help_text="What came of this task.")
    trace_id = Exact(32, help_text="All of a trace.")
    request_id = Exact(64, help_text="What came of this request.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse none, and more than one."""
        if len(attrs) != 1:
            raise serializers.ValidationError(f"Give exactly one of {', '.join(family.KEYS)}.")
        return attrs


class TreeView(ApiView):
    """The tree of a canvas or a request."""

    @describe(
        operation_id="tasks_tree",
        parameters=[TreeFilterSerializer],
        responses={200: TreeSerializer, **refusals(400, 404)},
    )
    def get(self, request: Request) -> Response:
        """Return a request, the tasks that it published, and what they published, of what is kept or goes on."""
        ((key, value),) = read(request, TreeFilterSerializer).items()
        executions, more = family.executions(key, value)
        tree = build(executions)
        if not tree.nodes:
            raise NotFound("Nothing is known of it.")
        return Response(TreeSerializer({"truncated": tree.truncated or more, "nodes": tree.nodes}).data)

"""Workers over HTTP: who works, with what and on what, and forgetting one that will not come back."""

from __future__ import annotations

from typing import Any

import redis
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import ChoicesField
from monitoring.access.openapi import describe
from monitoring.access.problems import problem, refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView
from monitoring.conf import get_config

from . import reader
from .forget import AliveError, forget
from .models import Worker
from .shown import in_detail, queues, shown

_MAX_NODE = 200
_UNKNOWN = "No worker of this name was heard of within a day."


class WorkerSerializer(serializers.Serializer[Any]):
    """A worker by its last heartbeat. What is `null` or empty, it did not say."""

    node = serializers.CharField()
    state = serializers.CharField(
        help_text="`up`; `down` when three heartbeats are missing; `wedged` when it lives, its queues grow, and it "
        "finishes nothing; `left` when it said goodbye.",
    )
    since = serializers.DateTimeField(allow_null=True, help_text="When it came into this state.")
    age = serializers.FloatField(help_text="Seconds since its last heartbeat.")
    host = serializers.CharField()
    pid = serializers.IntegerField(allow_null=True, help_text="Its main process.")
    pool = serializers.CharField(help_text="`prefork`, `threads`, `gevent`, `eventlet` or `solo`.")
    concurrency = serializers.IntegerField(allow_null=True, help_text="How many tasks it can run at once.")
    autoscale = serializers.ListField(
        child=serializers.IntegerField(), allow_null=True, help_text="The most and the fewest, where it scales itself."
    )
    busy = serializers.IntegerField(allow_null=True, help_text="How many tasks it runs.")
    prefetched = serializers.IntegerField(allow_null=True, help_text="Messages it holds and has not begun with.")
    reserved = serializers.IntegerField(allow_null=True, help_text="Both together.")
    finished = serializers.IntegerField(allow_null=True, help_text="Tasks that ended since it started.")
    queues = serializers.ListField(child=serializers.CharField())
    rss = serializers.IntegerField(allow_null=True, help_text="Resident bytes of all of its processes.")
    celery = serializers.CharField(help_text="Celery's version.")
    started = serializers.DateTimeField(allow_null=True)
    flower = serializers.URLField(allow_null=True, help_text="Its page in Flower, where `FLOWER_URL` is set.")


class ActiveSerializer(serializers.Serializer[Any]):
    """A task that a worker is busy with."""

    id = serializers.CharField()
    name = serializers.CharField()
    started = serializers.DateTimeField(allow_null=True)


class WorkerDetailSerializer(WorkerSerializer):
    """A worker, with what it is busy with."""

    processes = serializers.ListField(child=serializers.IntegerField(), help_text="Processes of its pool.")
    active = ActiveSerializer(many=True)
    stale = serializers.BooleanField(help_text="Redis is away: it is as it was last seen.")


class WorkersSerializer(serializers.Serializer[Any]):
    """Every worker that was heard of within a day."""

    stale = serializers.BooleanField(help_text="Redis is away: the workers are as they were last seen.")
    workers = WorkerSerializer(many=True)


class WorkerFilterSerializer(serializers.Serializer[Any]):
    """Which workers."""

    state = ChoicesField(Worker.State.values, required=False, help_text="One or several, by commas.")
    queue = serializers.CharField(
        required=False, max_length=200, trim_whitespace=False, help_text="Those that consume this queue."
    )


class WorkersView(ApiView):
    """Who works."""

    @describe(
        operation_id="workers", parameters=[WorkerFilterSerializer], responses={200: WorkersSerializer, **refusals(400)}
    )
    def get(self, request: Request) -> Response:
        """List workers by name."""
        wanted, flower = read(request, WorkerFilterSerializer), get_config().flower_url
        found, stale = reader.workers()
        if "state" in wanted:
            found = [view for view in found if view.state in wanted["state"]]
        if "queue" in wanted:
            found = [view for view in found if wanted["queue"] in queues(view)]
        return Response(WorkersSerializer({"stale": stale, "workers": [shown(view, flower) for view in found]}).data)


class WorkerView(ApiView):
    """One worker."""

    @describe(operation_id="worker", responses={200: WorkerDetailSerializer, **refusals(404)})
    def get(self, _request: Request, node: str) -> Response:
        """Return a worker with the tasks that it runs."""
        found, stale = reader.workers()
        view = next((view for view in found if view.node == node), None)
        if view is None:
            raise NotFound(_UNKNOWN)
        return Response(WorkerDetailSerializer(in_detail(view, get_config().flower_url) | {"stale": stale}).data)

    @describe(operation_id="forget_worker", responses={204: None, **refusals(404, 409, 503)})
    def delete(self, _request: Request, node: str) -> Response:
        """Forget a worker that will not come back, and resolve that it is down."""
        if "\0" in node or len(node) > _MAX_NODE:
            raise NotFound(_UNKNOWN)
        try:
            if not forget(node, get_config()):
                raise NotFound(_UNKNOWN)
        except AliveError:
            return problem(status.HTTP_409_CONFLICT, "It lives, and would be known again with its next heartbeat.")
        except (redis.RedisError, OSError):
            return problem(status.HTTP_503_SERVICE_UNAVAILABLE, "Redis, which keeps the heartbeats, does not answer.")
        return Response(status=status.HTTP_204_NO_CONTENT)

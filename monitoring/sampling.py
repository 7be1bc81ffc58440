"""Which share of successful task runs is kept: the runs are one slice's, how many there were is another's."""

from __future__ import annotations

import time
from typing import Any

from django.db.models import Count
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import WholeNumberField
from monitoring.access.openapi import describe
from monitoring.access.paging import MAX_LIMIT
from monitoring.access.problems import refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView
from monitoring.conf import get_config
from monitoring.jobs.runs.filters import InternalField, hides_internal
from monitoring.jobs.runs.models import TaskRun
from monitoring.metrics.tasks import MAX_MINUTES, succeeded


class ShareSerializer(serializers.Serializer[Any]):
    """Successful runs of one task."""

    name = serializers.CharField()
    succeeded = serializers.IntegerField(help_text="How many there were, counted.")
    kept = serializers.IntegerField(help_text="How many of them are kept in full.")
    share = serializers.FloatField(help_text="The second divided by the first.")


class SamplingSerializer(serializers.Serializer[Any]):
    """What a list of successful runs stands for."""

    minutes = serializers.IntegerField(help_text="Length of the window.")
    tasks = ShareSerializer(many=True, help_text="Those that succeeded most often first.")


class SamplingWindowSerializer(serializers.Serializer[Any]):
    """How far back, and how much."""

    minutes = WholeNumberField(default=60, min_value=1, max_value=MAX_MINUTES, help_text="How far back, until now.")
    internal = InternalField()
    limit = WholeNumberField(default=100, min_value=1, max_value=MAX_LIMIT, help_text="How many tasks.")


class SamplingView(ApiView):
    """Which share of successful runs is kept."""

    @describe(
        operation_id="tasks_sampling",
        parameters=[SamplingWindowSerializer],
        responses={200: SamplingSerializer, **refusals(400)},
    )
    def get(self, request: Request) -> Response:
        """Say how many runs of each task succeeded, and how many of them are kept; all others always are."""
        asked = read(request, SamplingWindowSerializer)
        minutes = asked["minutes"]
        own = get_config().internal_tasks if hides_internal(asked) else ()
        tasks = [share for share in shares(minutes) if not share["name"].startswith(own)][: asked["limit"]]
        return Response(SamplingSerializer({"minutes": minutes, "tasks": tasks}).data)


def shares(minutes: int) -> list[dict[str, Any]]:
    """Return the tasks that succeeded within so many minutes, those that did most often first."""
    since = int(time.time() // 60) - minutes
    runs = TaskRun.objects.filter(start__gt=since, state="SUCCESS").order_by()
    kept = dict(runs.values_list("name").annotate(kept=Count("*")))
    found = []
    for name, count in sorted(succeeded(minutes).items(), key=lambda item: (-item[1], item[0])):
        mine = min(kept.get(name, 0), count)  # one may be taken in a moment before the other
        if count:
            found.append({"name": name, "succeeded": count, "kept": mine, "share": mine / count})
    return found

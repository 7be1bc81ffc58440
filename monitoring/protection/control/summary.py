"""How the protection stands, in one document: what it would do, whom it refuses, and which processes know."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import redis
from django.db import router
from django.db.models import Count
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.openapi import describe
from monitoring.access.problems import refusals
from monitoring.access.views import ApiView
from monitoring.conf import Config, get_config
from monitoring.error_rate import get_error_rate
from monitoring.protection.admins.reader import acting_admins
from monitoring.protection.allowed.models import AllowedNetwork
from monitoring.protection.blocks import totals
from monitoring.protection.blocks.models import Block, BlockQuerySet, BlockState, Withheld
from monitoring.protection.throttles.models import Throttle, ThrottleState

from . import processes
from .serializers import BlockSerializer

_LATEST = 10
_MODES = ("enforce", "dry_run", "off")
_BLAMES = ("majority", "any", "off")


class LimitsSerializer(serializers.Serializer[Any]):
    """What is too much, and what becomes of it."""

    count = serializers.IntegerField(help_text="`ERROR_RATE_LIMIT_COUNT`: one more is too much.")
    window_seconds = serializers.IntegerField()
    block_seconds = serializers.IntegerField(help_text="Of the first block.")
    block_escalation = serializers.FloatField(
        help_text="Each further one lasts so many times as long; 1 for all alike."
    )
    block_max_seconds = serializers.IntegerField()
    route_blame = serializers.ChoiceField(choices=_BLAMES)


class WithheldSerializer(serializers.Serializer[Any]):
    """Clients that would have been blocked, and were not for one reason."""

    now = serializers.IntegerField(help_text="How many would be blocked now.")
    total = serializers.IntegerField(help_text="How many would have been, since ever.")


class ProcessSerializer(serializers.Serializer[Any]):
    """A process that answers requests."""

    node = serializers.CharField()
    pid = serializers.IntegerField()
    age = serializers.FloatField(help_text="Seconds since it said that it lives.")
    epoch = serializers.CharField(help_text="Of the decisions that it holds; empty for none.")
    number = serializers.IntegerField(help_text="Of the last change that it has taken over.")
    behind = serializers.IntegerField(
        allow_null=True,
        help_text="Changes that it had not taken over when it said so; null where it holds none, or those of before a "
        "loss of Redis.",
    )
    cold = serializers.BooleanField(help_text="It has read no decisions yet, and refuses nobody.")


class ProtectionSerializer(serializers.Serializer[Any]):
    """How the protection stands."""

    mode = serializers.ChoiceField(choices=_MODES, help_text="What becomes of requests of blocked clients.")
    limits = LimitsSerializer()
    blocks = serializers.IntegerField(help_text="Clients that are refused now.")
    latest = BlockSerializer(many=True, help_text="The latest ten of them.")
    blocked_total = serializers.DictField(child=serializers.IntegerField(), help_text="Blocks since ever, by origin.")
    would_block = serializers.DictField(
        child=WithheldSerializer(), help_text=f"By reason: {', '.join(f'`{reason}`' for reason in Withheld.values)}."
    )
    throttles = serializers.IntegerField(help_text="Those that are in force.")
    allowed = serializers.IntegerField(help_text="Networks that people put on the allow-list.")
    allowed_by_settings = serializers.ListField(child=serializers.CharField(), help_text="`ALLOWED_CLIENTS`.")
    trusted_proxies = serializers.ListField(child=serializers.CharField(), help_text="Never blocked.")
    acting_admins = serializers.ListField(
        child=serializers.CharField(), help_text="From where staff members acted lately: never blocked by itself."
    )
    processes = ProcessSerializer(many=True, allow_null=True, help_text="Null while Redis does not answer.")
    cold_processes = serializers.IntegerField(allow_null=True, help_text="Those that refuse nobody yet.")


class ProtectionView(ApiView):
    """How the protection stands."""

    @describe(operation_id="protection", responses={200: ProtectionSerializer, **refusals()})
    def get(self, _request: Request) -> Response:
        """Return the mode and the limits, who is refused, who would be, and which processes know."""
        return Response(ProtectionSerializer(_summary(get_config(), datetime.now(UTC))).data)


def _summary(config: Config, now: datetime) -> dict[str, Any]:
    rows = Block.objects.using(router.db_for_write(Block))
    active = rows.in_force(now)
    blocked, _ = totals.read()
    alive = _living(config)
    return {
        "mode": config.protection,
        "limits": _limits(config),
        "blocks": active.count(),
        "latest": list(active.order_by("-started", "-id").defer("evidence")[:_LATEST]),
        "blocked_total": blocked,
        "would_block": _withheld(rows, now),
        "throttles": Throttle.objects.using(rows.db).in_state(ThrottleState.ACTIVE, now).count(),
        "allowed": AllowedNetwork.objects.using(rows.db).in_force(now).count(),
        "allowed_by_settings": config.allowed_clients,
        "trusted_proxies": config.trusted_proxies,
        "acting_admins": sorted(map(str, acting_admins(now))),
        "processes": alive,
        "cold_processes": None if alive is None else sum(one.cold for one in alive),
    }


def _limits(config: Config) -> dict[str, Any]:
    documented = get_error_rate()
    return {
        "count": documented.error_rate_limit_count,
        "window_seconds": documented.error_rate_limit_window_seconds,
        "block_seconds": documented.ip_block_duration_seconds,
        "block_escalation": config.block_escalation,
        "block_max_seconds": config.block_max_seconds,
        "route_blame": config.route_blame,
    }


def _withheld(rows: BlockQuerySet, now: datetime) -> dict[str, dict[str, int]]:
    standing = rows.in_state(BlockState.WITHHELD, now).filter(ended=None, expires__gt=now).order_by()
    counted = dict(standing.values_list("withheld").annotate(clients=Count("pk")))
    _, ever = totals.read()
    return {reason: {"now": counted.get(reason, 0), "total": ever[reason]} for reason in Withheld.values}


def _living(config: Config) -> list[processes.Process] | None:
    try:
        return processes.living(config)
    except redis.RedisError:
        return None

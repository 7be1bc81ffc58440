"""Is the Redis of the event streams there, does it take writes, and has it memory left?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import redis
from redis.exceptions import NoPermissionError

from monitoring.component import Check, Outcome, Status
from monitoring.conf import get_config
from monitoring.stream.connection import connect

_FULL = 0.9
_PROBE_MILLISECONDS = 60_000


@dataclass(frozen=True)
class Redis(Check):
    """Connects anew, writes a key that ends by itself, and asks for figures."""

    id: str = "redis"
    component: str = "redis"

    inline: ClassVar[bool] = True

    def run(self) -> Outcome:
        """Write, and look at what the server says of itself."""
        config = get_config()
        client = connect(config.redis_url, self.time_limit)
        try:
            with client.pipeline(transaction=False) as pipeline:
                pipeline.set(f"{config.stream_prefix}:health:probe", "1", px=_PROBE_MILLISECONDS)
                pipeline.info()
                written, info = pipeline.execute(raise_on_error=False)
        finally:
            client.connection_pool.disconnect()
        if isinstance(info, NoPermissionError):  # figures are an extra; whoever guards them may
            info = {}
        for answer in (written, info):
            if isinstance(answer, redis.ConnectionError):
                raise answer
        return verdict(written, cast(dict[str, Any], info if isinstance(info, dict) else {}))


def verdict(written: object, info: Mapping[str, Any]) -> Outcome:
    """Judge what a server answered to a write, and said of itself in `INFO`."""
    used, most = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    policy = info.get("maxmemory_policy")
    connected, limit = int(info.get("connected_clients", 0)), int(info.get("maxclients", 0))
    details = {
        "version": info.get("valkey_version") or info.get("redis_version"),
        "used_memory": used,
        "peak_memory": info.get("used_memory_peak"),
        "max_memory": most,
        "policy": policy,
        "connections": connected,
        "max_connections": limit,
        "evictions": info.get("evicted_keys"),
    }
    if isinstance(written, redis.RedisError):
        return Outcome(Status.UNHEALTHY, f"Redis takes no writes ({_code(written)})", details)
    if most and used >= _FULL * most:
        return Outcome(Status.DEGRADED, f"Redis uses {used / most:.0%} of its memory", details)
    if limit and connected >= _FULL * limit:
        return Outcome(Status.DEGRADED, f"{connected} of {limit} Redis connections are in use", details)
    if most and policy not in (None, "noeviction"):
        return Outcome(Status.DEGRADED, f"Redis may evict events ({policy})", details)
    return Outcome(Status.HEALTHY, "Redis connection OK", details)


def _code(error: redis.RedisError) -> str:
    """Name an error by Redis's own code, such as `MISCONF`, or by redis-py's class where it took that away."""
    word = str(error).partition(" ")[0]
    return word if word.isalpha() and word.isupper() else type(error).__name__.removesuffix("Error")

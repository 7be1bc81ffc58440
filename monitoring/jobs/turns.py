"""Whose turn it is to have the jobs looked at: beat's, and while there is none, of whoever drains the streams."""

from __future__ import annotations

from monitoring.conf import Config

from . import sight


def begin(config: Config) -> None:
    """Say that somebody looks now."""
    sight.client_of(config.redis_url).set(_key(config), b"1", px=_patience(config))


def take(config: Config) -> bool:
    """Take the turn, once nobody has looked for two intervals.

    Args:
        config: This installation's settings.

    Returns:
        Whether it is the caller's turn.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    return bool(sight.client_of(config.redis_url).set(_key(config), b"1", nx=True, px=_patience(config)))


def _key(config: Config) -> str:
    return f"{config.stream_prefix}:watched"


def _patience(config: Config) -> int:
    return int(2_000 * config.watch_interval)

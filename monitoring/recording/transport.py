"""The recorder's one connection to Redis."""

from __future__ import annotations

import contextlib

import redis

from monitoring.conf import Config
from monitoring.stream import streams
from monitoring.stream.connection import Client, connect

from .sender import Lane


class Transport:
    """Appends batches to the streams of the shard a producer is pinned to."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._client: Client | None = None

    def send(self, lane_name: str, lane: Lane) -> bool:
        """Send what waits in a lane; return whether all of it is known to have arrived."""
        if not lane.waiting:
            return True
        config = self._config
        shard = int(lane.producer, 16) % config.shards
        stream = streams.Stream(config.stream_prefix, shard, lane_name)
        budget = config.measures_stream_bytes if lane_name == streams.MEASURES else config.facts_stream_bytes
        try:
            if self._client is None:
                self._client = connect(config.redis_url, config.send_timeout)
            client = self._client
            lane.send(lambda fields: streams.append(client, stream, fields, budget))
        except streams.StreamFullError:
            return False
        except (redis.RedisError, OSError):
            self.close()
            return False
        return True

    def close(self) -> None:
        """Drop the connection; the next send makes a new one."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(redis.RedisError, OSError):
                client.connection_pool.disconnect()

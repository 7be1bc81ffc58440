"""Connections to Redis, with limits on how long anything may take."""

from __future__ import annotations

import contextlib
import os
import socket

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

Client = redis.Redis


def connect(url: str, timeout: float, connections: int = 1) -> Client:
    """Return a client that neither retries nor waits beyond `timeout`.

    redis-py would repeat a command whose answer was lost; here the caller alone decides what is sent again.

    Args:
        url: Address of the server, as `redis://`, `rediss://` or `unix://`.
        timeout: Seconds to connect, and seconds to wait for one answer.
        connections: Connections the client holds at most.
    """
    pool = redis.BlockingConnectionPool.from_url(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        max_connections=connections,
        timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
        driver_info=None,  # saying its name and version takes two commands a connection
    )
    return redis.Redis(connection_pool=pool)


def interrupt(client: Client) -> None:
    """End the connections of a client from another thread, so that who waits for an answer on one stops waiting.

    Only the lines are cut: the sockets, and what gevent makes of them, stay with the thread whose they are.
    """
    for connection in getattr(client.connection_pool, "_connections", ()):
        with contextlib.suppress(OSError, AttributeError):  # it is not connected
            line = socket.socket(fileno=os.dup(connection._sock.fileno()))
            with contextlib.closing(line):
                line.shutdown(socket.SHUT_RDWR)

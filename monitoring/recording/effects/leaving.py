"""Restarts: a process that somebody starts anew leaves by itself, after what it is doing, when its turn has come.

A restart names the processes that are to leave, so one that came after it never does. Those wait for a slot, so that a
third of them at most is away at once.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import redis

from monitoring.conf import get_config
from monitoring.recording import node, presence, pulse, supervision
from monitoring.recording.native import NativeThread
from monitoring.recording.recorder import recorder
from monitoring.stream.connection import Client, connect

from .held import effects
from .slots import Slots, place_of_server

KIND = "restart"
WEB, WORKER = "web:", "worker:"
EXIT_CODE = 75
"""EX_TEMPFAIL: supervisors that restart only what failed do so, too."""
_SECONDS = 1.0
_PAUSE = 0.5
_SHARE = 3
_leaving: set[str] = set()
_recyclers: list[Callable[[str, float], str | None]] = []
_NOT_SUPERVISED = "Nobody is known to start it anew."


def follow(recycle: Callable[[str, float], str | None] | None = None) -> None:
    """Have this process leave when recovery says so.

    Args:
        recycle: Restarts the processes that this one has forked instead; returns why it cannot.
    """
    if recycle is not None:
        _recyclers[:] = [recycle]
    effects.register(KIND, apply)


def apply(key: str, value: dict[str, Any] | None) -> str | None:
    """Begin to leave, if this process is meant; a process that came after the restart lets the next one go.

    Args:
        key: `web:<service>` or `worker:<node>`.
        value: With `instances` that are to leave, `slots` (a name that all share who wait for each other), `of` (how
            many those are), `seconds` for each, and `pool` where a worker's pool restarts. None when the effect
            ends: who has left is not called back.
    """
    place = _place(key)
    if value is None or not place:
        return None
    mine = presence.instance()
    slots = Slots(f"{get_config().stream_prefix}:restart:{value['slots']}", place)
    if mine not in value["instances"]:
        NativeThread(lambda: _make_room(slots)).start()
        return None
    if value.get("pool"):
        return _recyclers[0](str(value["id"]), float(value["seconds"])) if _recyclers else "It has no pool to restart."
    if not (supervision.of_server() if key.startswith(WEB) else supervision.of_worker()):
        return _NOT_SUPERVISED
    if mine not in _leaving:
        _leaving.add(mine)
        most = max(int(value["of"]) // _SHARE, 1)
        NativeThread(lambda: _leave_in_turn(key, slots, mine, most, float(value["seconds"]))).start()
    return None


def _place(key: str) -> str:
    """Return the place of this process in a restart; empty where it is about others."""
    if key == f"{WEB}{get_config().service}" and presence.Server.installed:
        return place_of_server()
    if key == f"{WORKER}{node.name()}" and pulse.current() is not None:
        return node.name()
    return ""


def _make_room(slots: Slots) -> None:
    client = connect(get_config().redis_url, _SECONDS)
    try:
        slots.give_back(client)
    except (redis.RedisError, OSError):  # it is given back when its time is over
        recorder.failed()
    finally:
        client.connection_pool.disconnect()


def _leave_in_turn(key: str, slots: Slots, mine: str, most: int, seconds: float) -> None:
    """Wait for a slot, as long as the restart stands, and go."""
    pause = NativeThread(lambda: None).pause
    client = connect(get_config().redis_url, _SECONDS)
    try:
        while not _may_leave(slots, client, mine, most, seconds):
            pause(_PAUSE)
            if effects.standing(KIND, key) is None:
                return
        _leave(key)
    except Exception:
        recorder.failed()
    finally:
        _leaving.discard(mine)
        client.connection_pool.disconnect()


def _may_leave(slots: Slots, client: Client, mine: str, most: int, seconds: float) -> bool:
    try:
        return slots.take(client, mine, most, seconds)
    except (redis.RedisError, OSError):  # nobody knows how many are away: stay
        return False


def _leave(key: str) -> None:
    if key.startswith(WEB):
        os.kill(os.getpid(), signal.SIGTERM)  # gunicorn's workers answer what they have, and end
        return
    state = sys.modules["celery.worker.state"]
    state.should_stop = EXIT_CODE  # type: ignore[attr-defined]  # a warm shutdown: what runs is finished

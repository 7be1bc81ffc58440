"""What is shown of a worker. What it said of itself came over Redis: a value is taken only in the form it must have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from .reader import WorkerView

_LAST_SECOND = 4e9


def shown(view: WorkerView, flower_url: str = "") -> dict[str, Any]:
    """Return what is shown of a worker in a list.

    Args:
        view: The worker.
        flower_url: Address of Flower; empty where there is none.
    """
    said = view.said
    return {
        "node": view.node,
        "state": view.state,
        "since": view.since,
        "age": view.age,
        "host": _text(said, "host"),
        "pid": whole(said.get("pid")),
        "pool": _text(said, "pool"),
        "concurrency": whole(said.get("concurrency")),
        "autoscale": _limits(said),
        "busy": whole(said.get("busy")),
        "prefetched": whole(said.get("prefetched")),
        "reserved": whole(said.get("reserved")),
        "finished": whole(said.get("finished")),
        "queues": queues(view),
        "rss": whole(said.get("rss")),
        "celery": _text(said, "celery"),
        "started": moment(said.get("started_at")),
        "flower": f"{flower_url.rstrip('/')}/worker/{quote(view.node)}" if flower_url else None,
    }


def in_detail(view: WorkerView, flower_url: str = "") -> dict[str, Any]:
    """Return what is shown of one worker: also its processes, and what it is busy with."""
    return shown(view, flower_url) | {"processes": _wholes(view.said, "processes"), "active": _active(view)}


def queues(view: WorkerView) -> list[str]:
    """Return the queues a worker consumes."""
    return [name for name in _listed(view.said, "queues") if isinstance(name, str)]


def whole(value: Any) -> int | None:
    """Return a whole number; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None


def moment(seconds: Any) -> datetime | None:
    """Return a time that was given in seconds since the epoch; None for what is none."""
    if not isinstance(seconds, int | float) or not 0 < seconds < _LAST_SECOND:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _active(view: WorkerView) -> list[dict[str, Any]]:
    told = [one for one in _listed(view.said, "active") if isinstance(one, dict)]
    return [{"id": _text(one, "id"), "name": _text(one, "name"), "started": moment(one.get("started"))} for one in told]


def _text(said: Mapping[str, Any], key: str) -> str:
    value = said.get(key)
    return value if isinstance(value, str) else ""


def _listed(said: Mapping[str, Any], key: str) -> list[Any]:
    value = said.get(key)
    return value if isinstance(value, list) else []


def _wholes(said: Mapping[str, Any], key: str) -> list[int]:
    return [value for value in _listed(said, key) if whole(value) is not None]


def _limits(said: Mapping[str, Any]) -> list[int] | None:
    """Return the most and the fewest processes that a worker scales between."""
    limits = _wholes(said, "autoscale")
    return limits if len(limits) == 2 else None

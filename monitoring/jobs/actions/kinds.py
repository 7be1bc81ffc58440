"""The kinds of actions: the one list."""

from __future__ import annotations

from typing import Any

from .consumers import AddConsumer, CancelConsumer
from .kind import Kind
from .purge import Purge
from .rate_limit import LimitRate
from .rerun import Rerun
from .revoke import Revoke
from .scale import Scale

TASK_KINDS: tuple[Kind[Any], ...] = (Rerun(), Revoke())
QUEUE_KINDS: tuple[Kind[Any], ...] = (Purge(),)
WORKER_KINDS: tuple[Kind[Any], ...] = (Scale(), LimitRate(), AddConsumer(), CancelConsumer())

KINDS: dict[str, Kind[Any]] = {kind.name: kind for kind in (*TASK_KINDS, *QUEUE_KINDS, *WORKER_KINDS)}

"""What a message says of its sending, in the header `enginel`: a message carries no sent time of its own.

`sent;first sent;trace;request;user;kept;origin`: times in nanoseconds since the epoch, the ids of the request or task
around it, whether the runs that come of it are kept (1), not (0) or as they fall (nothing), and what published it.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple

HEADER = "enginel"
RAISED = "enginel_raised"
"""Header of a message whose priority was raised: by what order, and what it was before."""
_FIELDS = 7


class Stamp(NamedTuple):
    """A stamp that was read; the first fields are 0, and the others empty, where there is none."""

    sent: int = 0
    first: int = 0
    trace: str = ""
    request: str = ""
    user: str = ""
    kept: str = ""
    origin: str = ""


NONE = Stamp()


def read(text: object) -> Stamp:
    """Read a stamp; what is none, or somebody else's, is read as nothing."""
    if not isinstance(text, str):
        return NONE
    parts = text.split(";", _FIELDS - 1)
    try:
        return Stamp(int(parts[0]), int(parts[1]), *parts[2:])
    except (ValueError, IndexError):
        return NONE


def read_kept(text: object) -> str:
    """Read of a stamp only whether runs are kept: this is asked for at every end of a task."""
    parts = text.split(";", _FIELDS - 1) if isinstance(text, str) else []
    return parts[5] if len(parts) == _FIELDS else ""


def write(stamp: Stamp) -> str:
    """Write a stamp."""
    return ";".join(map(str, stamp))


def span_of(task_id: str, message: Any) -> str:
    """Return the id of the span that an execution of a task is, 16 hexadecimal digits.

    It is made of the message, so that whoever has that knows it: the process that executes it, and the worker's main
    process, which tells of what was killed. Each try has an id of its own, and so has what was delivered again.

    Args:
        task_id: The task's.
        message: Celery's request.
    """
    delivery = getattr(message, "delivery_info", None)
    again = bool(delivery.get("redelivered")) if isinstance(delivery, dict) else False
    tried = f"{task_id} {getattr(message, 'retries', None) or 0} {again}"
    digest = blake2b(tried.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return digest if digest.strip("0") else "1".zfill(16)

"""What a message says of its sending, in the header `enginel`: a message carries no sent time of its own.

`sent;first sent;trace;request;user;kept;origin`: times in nanoseconds since the epoch, the ids of the request or task
around it, whether the runs that come of it are kept (1), not (0) or as they fall (nothing), and what published it.
"""

from __future__ import annotations

from typing import NamedTuple

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

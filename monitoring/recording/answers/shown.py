"""What an answer shows of the error that the running request ends with: its id, and the bug it is known as."""

from __future__ import annotations

from typing import NamedTuple

from monitoring.conf import get_config
from monitoring.recording import decisions, errors
from monitoring.recording.context import current
from monitoring.recording.recorder import recorder

BUG = "bug"
"""Kind of the decisions that say which error is which bug."""

# Where URLs are loaded requests are answered; their process holds the bugs in its copy of the decisions.
decisions.copy.follow()


class Shown(NamedTuple):
    """What an answer shows of its error.

    Attributes:
        error_id: Its id as text; empty where such errors are not recorded, as it would lead nowhere.
        bug_id: Like `B-001`, or empty while it is not known.
    """

    error_id: str = ""
    bug_id: str = ""


def shown(status: int) -> Shown:
    """Return what to show of the running request's error. It asks nobody but this process, and raises nothing.

    Args:
        status: Of the answer.
    """
    try:
        context = current.get()
        if context is None or errors.is_excluded(context, status):
            return Shown()
        found = errors.identify(status=status)
        fingerprint = found.fingerprint or errors.response_fingerprint(context, status)
        return Shown(found.error_id, decisions.copy.get(BUG, f"{get_config().service}:{fingerprint}") or "")
    except Exception:  # the answer is more important than its id
        recorder.failed()
        return Shown()

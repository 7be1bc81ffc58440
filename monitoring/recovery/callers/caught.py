"""An exception that a caller has caught: recorded once, and asked about whether recovery is a matter of it at all."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any

from monitoring.classification import Classification, classify_exception
from monitoring.conf import Config, get_config
from monitoring.error_recovery import get_error_recovery
from monitoring.error_tracking import get_error_tracking
from monitoring.errors import ErrorCaptureService
from monitoring.recording import errors
from monitoring.recording.errors import capture
from monitoring.recording.raised.reading import is_from_signal

BROKEN = 500
"""With which an exception that goes on is answered."""


@dataclass(frozen=True)
class Caught:
    """What is known of an exception where it was caught.

    Attributes:
        error_id: Its id as people are shown it; empty where it is not recorded.
        found: What is known of its class.
        full: Whether it was sent in full; repetitions beyond `ERRORS_PER_MINUTE` are not.
        deadline: When its caller goes on, on the monotonic clock.
    """

    exception: BaseException
    error_id: str
    found: Classification
    full: bool
    deadline: float
    config: Config

    @property
    def hex_id(self) -> str:
        """Its id as 32 hexadecimal digits."""
        return self.error_id.replace("-", "")

    @property
    def left(self) -> float:
        """Seconds until its caller goes on."""
        return self.deadline - time.monotonic()


def is_failure(exception: BaseException) -> bool:
    """Whether an exception is a failure, and no answer or instruction in the form of one.

    What Django or REST framework answers with a status below 500 is for the client to mend; `Retry` and its like are
    what a task tells Celery; and a time limit or an exit is meant for who set it.
    """
    if not isinstance(exception, Exception) or is_from_signal(exception) or _is_for_celery(exception):
        return False
    return classify_exception(exception).status >= BROKEN


def catch(exception: BaseException, request: Any = None, status: int = 0) -> Caught:
    """Record an exception, if nobody has yet, and return what is known of it.

    Args:
        exception: As caught.
        request: The request that it is the end of, if it is.
        status: With which the request is answered; the documented one of its severity unless given.
    """
    seconds = get_error_recovery().seconds
    deadline = time.monotonic() + seconds
    found = classify_exception(exception)
    error_id = None
    if request is None:
        error_id = errors.report(exception)
    elif (status or found.answer_status) not in get_error_tracking().exclude_status_codes:
        error_id = ErrorCaptureService().capture_exception(request, exception)
    return Caught(exception, error_id or "", found, capture.is_full(exception), deadline, get_config())


def _is_for_celery(exception: BaseException) -> bool:
    celery = sys.modules.get("celery.exceptions")
    return celery is not None and isinstance(exception, celery.TaskPredicate)

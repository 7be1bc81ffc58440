"""What is said to visitors: for each status a title and a sentence, for each kind of trouble a sentence."""

from __future__ import annotations

from monitoring.answers.problem import phrase

from .kinds import ErrorType

CSRF = "This form was open for too long, or did not come from this site. Load the page again and send it once more."
CSRF_TITLE = "The form was not sent"
_TITLE, _BROKEN = "Something went wrong", "Something went wrong on our side."

_KINDS: dict[ErrorType, str] = {
    ErrorType.DATABASE_ERROR: "There was trouble with the database.",
    ErrorType.CACHE_ERROR: "There was trouble with a store we depend on.",
    ErrorType.QUEUE_ERROR: "There was trouble with a queue we depend on.",
    ErrorType.NETWORK_ERROR: "Something we depend on could not be reached.",
    ErrorType.EXTERNAL_SERVICE_ERROR: "A service we depend on did not answer as it should.",
    ErrorType.TIMEOUT_ERROR: "It took too long.",
    ErrorType.RESOURCE_ERROR: "There was not enough of something that is needed for it.",
}
_STATUSES: dict[int, tuple[str, str]] = {
    400: ("The request was not understood", "The request cannot be understood."),
    401: ("Please sign in", "This is for those who are signed in."),
    403: ("This is not for you", "You may not do this."),
    404: ("There is nothing here", "There is nothing at this address."),
    405: ("This cannot be done here", "This cannot be done at this address."),
    429: ("Too many requests", "There were too many requests. Wait a little and try again."),
    503: ("Not available at the moment", "This is not available at the moment. Try again in a few minutes."),
}


def of_kind(kind: ErrorType) -> str:
    """Return what is said of an unhandled exception."""
    return _KINDS.get(kind, _BROKEN)


def of_status(status: int) -> str:
    """Return what is said where a status is all that is known."""
    return _of(status)[1]


def title_of(status: int) -> str:
    """Return what stands above the sentence on a page."""
    return _of(status)[0]


def _of(status: int) -> tuple[str, str]:
    if status in _STATUSES:
        return _STATUSES[status]
    return (_TITLE, _BROKEN) if status >= 500 else (phrase(status), f"{phrase(status)}.")

"""Why a request to others did not come to an answer. Messages hold no address, since one may hold credentials."""

from __future__ import annotations


class OutboundError(Exception):
    """There is no answer."""


class AwayError(OutboundError):
    """The other side does not answer, or not as it should; the next time may do."""


class LateError(AwayError):
    """The other side was reached and did not answer in time: what it was asked may be why."""


class BlockedAddressError(OutboundError, OSError):
    """The address must not be reached. Libraries that open sockets take it for a connection that failed."""


class TooLargeError(OutboundError):
    """The answer has more bytes than may be read.

    Args:
        message: What is told.
        status: That of the answer, since what was sent has arrived.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status

"""Why a question to Enginel has no answer. Messages hold neither the address nor the token."""

from __future__ import annotations


class RemoteError(Exception):
    """Enginel could not be asked, or did not tell.

    Attributes:
        status: HTTP status of its answer; 0 where there is none.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    def again(self) -> RemoteError:
        """Return the same for another caller, as each raises its own."""
        return type(self)(str(self), self.status)


class NotConfiguredError(RemoteError):
    """This process was not told where Enginel is, or with which token it is asked."""


class RefusedError(RemoteError):
    """Enginel answered that it does not tell: it does not know the token, or not what was asked for."""


class UnavailableError(RemoteError):
    """Enginel does not answer, or not in time. The next time it may.

    Attributes:
        retry_after: Seconds after which it is asked anew.
    """

    retry_after = 2.0

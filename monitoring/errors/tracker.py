"""`ErrorTracker`, the documented face: recording's writer joined with this slice's reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitoring import remote
from monitoring.recording import errors

_LIVE = 100
_DOCUMENTED = (
    "timestamp",
    "error_type",
    "error_message",
    "severity",
    "user_id",
    "request_path",
    "context",
    "traceback",
    "error_id",
)


class ErrorTracker:
    """Log errors, and ask for the recent ones."""

    @staticmethod
    def log_error(
        error: BaseException,
        context: Mapping[str, Any] | None = None,
        user_id: Any = None,
        request_path: str | None = None,
        severity: str | None = None,
    ) -> str | None:
        """Log an exception; one that is captured as well stays one error, with what is said here.

        Args:
            error: As caught.
            context: What to say of it; what is no JSON becomes bounded text, secrets are filtered.
            user_id: Whom it happened to; the user of the running request unless given.
            request_path: Path of the request; that of the running one unless given.
            severity: `CRITICAL`, `ERROR`, `WARNING` or `INFO`; by the class of the error unless given.

        Returns:
            Its id, by which it can be looked up; None if errors are not recorded.
        """
        return errors.report(error, context=context, user_id=user_id, path=request_path, severity=severity)

    @staticmethod
    def get_recent_errors(limit: int = 50) -> list[dict[str, Any]]:
        """Return the errors of the last hour, the newest first.

        Args:
            limit: How many at most; there are never more than the latest hundred.

        Returns:
            For each `timestamp` (ISO 8601, UTC), `error_type`, `error_message`, `severity`, `user_id`, `request_path`,
            `context`, `traceback` and `error_id`.
        """
        if remote.wanted():
            return _asked(min(limit, _LIVE))
        from monitoring.storage.aside import aside

        from .log.recent import recent

        return aside(lambda: recent(limit))


def _asked(limit: int) -> list[dict[str, Any]]:
    if limit < 1:
        return []
    found = remote.get("api/monitoring/errors/", limit=limit)["errors"]
    return [{name: one.get(name) for name in _DOCUMENTED} for one in found]

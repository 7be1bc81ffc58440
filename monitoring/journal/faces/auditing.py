"""`AuditLogger`: who was let in, what they were allowed, and what they did."""

from __future__ import annotations

import logging
import sys
from typing import Any

from monitoring.recording import visits
from monitoring.recording.context import current

from . import surroundings, transactions
from .recorded import Recorded

_log = logging.getLogger("monitoring.journal.audit")


class AuditLogger:
    """Keeps entries in the journal's stream `audit`, which is append-only and provable, and writes them to the log.

    Every method records at once. What it returns can be awaited, and need not be, so that sync and async code call it
    alike. Inside of a transaction of the journal's database, what succeeded is written in that very transaction, and
    rolled back with it; what failed or was denied is kept in any case.
    """

    def log_authentication(self, success: bool, user_id: str = "", context: Any = None, **details: Any) -> Recorded:
        """Record that somebody was let in, or was not.

        Args:
            success: Whether they were.
            user_id: Who.
            context: A dict or an object with ids, where they are not those of the running request or task.
            **details: What else is known, such as `method`.

        Returns:
            The entry's id.

        Raises:
            NotKept: A transaction is open, and the entry cannot be kept in it.
        """
        _note_sign_in(user_id, context, success=success)
        return self.log_event(
            "user.authenticate",
            target_type="user",
            target_id=user_id,
            outcome="success" if success else "failure",
            context=context,
            user_id=user_id,
            **details,
        )

    def log_authorization(
        self, resource: str, action: str, granted: bool, context: Any = None, user_id: str = "", **details: Any
    ) -> Recorded:
        """Record that somebody was allowed something, or was not.

        Args:
            resource: What they wanted to use.
            action: What they wanted to do to it: `update`.
            granted: Whether they were allowed to.
            context: A dict or an object with ids, where they are not those of the running request or task.
            user_id: Who.
            **details: What else is known, such as `reason`.

        Returns:
            The entry's id.

        Raises:
            NotKept: A transaction is open, and the entry cannot be kept in it.
        """
        return self.log_event(
            f"access.{action}",
            target_type="resource",
            target_id=resource,
            outcome="success" if granted else "denied",
            context=context,
            user_id=user_id,
            **details,
        )

    def log_event(
        self,
        action: str,
        *,
        target_type: str = "",
        target_id: str = "",
        outcome: str = "success",
        context: Any = None,
        user_id: str = "",
        **details: Any,
    ) -> Recorded:
        """Record anything that has to be provable later.

        Args:
            action: What was done, as object and verb: `invoice.approve`.
            target_type: To what: `invoice`.
            target_id: To which one.
            outcome: `success`, `failure` or `denied`.
            context: A dict or an object with ids, where they are not those of the running request or task.
            user_id: Who did it.
            **details: What else is known; scrubbed.

        Returns:
            The entry's id.

        Raises:
            NotKept: A transaction is open, and the entry cannot be kept in it.
        """
        values = surroundings.values(target_type, target_id, outcome, user_id, context)
        return transactions.record_within("audit", action, values, details, _log)


def _note_sign_in(user_id: str, context: Any, *, success: bool) -> None:
    """Tell the security watch, where no signals of Django do."""
    if "django.contrib.auth" in sys.modules:
        return
    running = current.get()
    client = surroundings.read(context).get("client") or (running.client if running is not None else "")
    visits.sign_in(client, str(user_id), success=success)

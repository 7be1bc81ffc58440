"""`BusinessLogger`: what users did, in the words of the business."""

from __future__ import annotations

import logging
from typing import Any

from . import surroundings, transactions
from .recorded import Recorded

_log = logging.getLogger("monitoring.journal.business")


class BusinessLogger:
    """Keeps business events in the journal's stream `business`, and writes them to the log.

    Every method records at once. What it returns can be awaited, and need not be, so that sync and async code call it
    alike. Inside of a transaction of the journal's database, the event is recorded once that is committed: what is
    rolled back did not happen.

    Example:
        `BusinessLogger().log_event("order.pay", target_type="order", target_id="42", amount="19.90")`
    """

    def log_video_creation(
        self, video_id: str, template_id: str = "", script_length: int = 0, context: Any = None, user_id: str = ""
    ) -> Recorded:
        """Record that a video was created.

        Args:
            video_id: Which one.
            template_id: What it was made from.
            script_length: Length of its script, in characters.
            context: A dict or an object with ids, where they are not those of the running request or task.
            user_id: Who created it.

        Returns:
            The entry's id.
        """
        return self.log_event(
            "video.create",
            target_type="video",
            target_id=video_id,
            context=context,
            user_id=user_id,
            template_id=template_id,
            script_length=script_length,
        )

    def log_user_action(
        self,
        action: str,
        resource_type: str = "",
        resource_id: str = "",
        context: Any = None,
        user_id: str = "",
        **details: Any,
    ) -> Recorded:
        """Record what a user did to something.

        Args:
            action: What: `update`.
            resource_type: To what: `video`.
            resource_id: To which one.
            context: A dict or an object with ids, where they are not those of the running request or task.
            user_id: Who did it.
            **details: What else is known.

        Returns:
            The entry's id.
        """
        name = f"{resource_type}.{action}" if resource_type else action
        return self.log_event(
            name, target_type=resource_type, target_id=resource_id, context=context, user_id=user_id, **details
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
        """Record any event of the business.

        Args:
            action: What happened, as object and verb: `order.pay`.
            target_type: To what: `order`.
            target_id: To which one.
            outcome: `success`, `failure` or `denied`.
            context: A dict or an object with ids, where they are not those of the running request or task.
            user_id: Who did it.
            **details: What else is known; scrubbed.

        Returns:
            The entry's id.
        """
        values = surroundings.values(target_type, target_id, outcome, user_id, context)
        return transactions.record_once_committed("business", action, values, details, _log)

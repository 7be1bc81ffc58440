"""Posts plain JSON to the endpoint that the operator set; it may be at a private address, as documented."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from monitoring.error_rate import get_error_rate

from .. import rendering, texts
from ..base import Channel, Kind, Message, PermanentError
from ..fields import problems
from ..posting import post


class NotificationUrlChannel:
    """The endpoint of the settings."""

    kind = "notification_url"

    def send(self, message: Message) -> None:
        """Post the text, and what it is about."""
        url = get_error_rate().slack_notification_url
        if not url:
            raise PermanentError("SLACK_NOTIFICATION_URL is not set.")
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.idempotency_key}
        post(url, json.dumps(body(message)).encode(), headers, allow_private=True)


def body(message: Message) -> dict[str, Any]:
    """Return what is posted."""
    return {
        "text": rendering.text(message).rstrip(),
        "title": rendering.subject(message),
        "kind": message.kind.value,
        "severity": texts.line(message.severity, 20),
        "at": texts.plain(message.at),
        "idempotency_key": message.idempotency_key,
        "incidents": [incident.id for incident in message.incidents],
    }


def _make(_settings: Mapping[str, Any]) -> Mapping[str, Channel]:
    return {"": NotificationUrlChannel()}


KIND = Kind(
    name="notification_url",
    label="SLACK_NOTIFICATION_URL",
    fields=(),
    problems=lambda settings: problems((), settings, {}),
    make=_make,
)

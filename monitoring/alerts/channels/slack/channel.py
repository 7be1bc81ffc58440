"""Sends a message to Slack's incoming webhook, or to one that is compatible with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..base import Channel, Field, Kind, Message
from ..fields import problems
from ..posting import is_web_address, post
from .blocks import payload

_FIELDS = (Field("url", "Address of the incoming webhook, which is all it takes to post there", secret=True),)
_SAID = frozenset(
    {
        "action_prohibited", "channel_is_archived", "channel_not_found", "invalid_blocks", "invalid_payload",
        "invalid_token", "no_active_hooks", "no_service", "no_service_id", "no_team", "no_text",
        "posting_to_general_channel_denied", "rate_limited", "rollup_error", "team_disabled",
        "too_many_attachments", "user_not_found",
    }
)  # fmt: skip
"""What Slack answers when it refuses."""


class SlackChannel:
    """One channel of a workspace.

    Args:
        url: Of the incoming webhook.
    """

    kind = "slack"

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, message: Message) -> None:
        """Post the message as blocks, with a text for notifications."""
        body = json.dumps(payload(message), ensure_ascii=False).encode()
        post(self._url, body, {"Content-Type": "application/json; charset=utf-8"}, known=_SAID)


def _make(settings: Mapping[str, Any]) -> Mapping[str, Channel]:
    return {"": SlackChannel(settings["url"])}


KIND = Kind(
    name="slack",
    label="Slack",
    fields=_FIELDS,
    problems=lambda settings: problems(
        _FIELDS,
        settings,
        {"url": (is_web_address, "must be the http(s) address of a webhook, like https://hooks.slack.com/services/…")},
    ),
    make=_make,
)

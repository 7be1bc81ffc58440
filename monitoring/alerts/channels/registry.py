"""The kinds of channels, listed in one place: another one is a folder and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitoring.recipients import Recipient

from . import apprise, email, notification_url, slack, webhook
from .base import Channel, Kind

KINDS: dict[str, Kind] = {
    one.name: one for one in (email.KIND, slack.KIND, webhook.KIND, apprise.KIND, notification_url.KIND)
}
"""By name."""


def problems(kind: str, settings: Mapping[str, Any]) -> list[str]:
    """Say, one line each and without secrets, what is wrong with the settings of a channel."""
    if kind not in KINDS:
        return [f"There is no kind of channels of this name; there are: {', '.join(KINDS)}."]
    if not isinstance(settings, Mapping):
        return ["The settings must be an object."]
    return KINDS[kind].problems(settings)


def make(kind: str, settings: Mapping[str, Any]) -> Mapping[str, Channel]:
    """Make the channels that a row's settings stand for, by a part of the destination's key.

    Raises:
        ValueError: There is no such kind, or the settings are wrong.
    """
    if found := problems(kind, settings):
        raise ValueError(" ".join(found))
    return KINDS[kind].make(settings)


def of_recipient(recipient: Recipient) -> Channel:
    """Make the channel that an entry of the documented settings stands for."""
    match recipient.kind:
        case "email":
            return email.EmailChannel(recipient.target)
        case "slack":
            return slack.SlackChannel(recipient.target)
        case _:
            return apprise.AppriseChannel(recipient.target)

"""Posts a message as JSON, signed with a secret that the receiver knows."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from monitoring import __version__

from ..base import Channel, Field, Kind, Message
from ..fields import problems
from ..posting import is_web_address, post
from .payload import VERSION, payload
from .signing import HEADER, signature

_MIN_SECRET, _MAX_SECRET = 16, 200
_FIELDS = (
    Field("url", "Address that the JSON is posted to", secret=True),
    Field("secret", "What the signature is made with; at least 16 characters", secret=True),
    Field(
        "previous_secret",
        "The one before, while receivers change over: both signatures are sent",
        secret=True,
        required=False,
    ),
)


class WebhookChannel:
    """A program's endpoint.

    Args:
        url: Where to.
        secrets: The current one first.
    """

    kind = "webhook"

    def __init__(self, url: str, secrets: Sequence[str]) -> None:
        self._url, self._secrets = url, tuple(secrets)

    def send(self, message: Message) -> None:
        """Post the message. Its body is the same with each attempt; the signature is of its own time."""
        body = json.dumps(payload(message), ensure_ascii=False, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": f"enginel/{__version__}",
            "Idempotency-Key": message.idempotency_key,
            "Enginel-Event": message.kind.value,
            "Enginel-Version": str(VERSION),
            HEADER: signature(body, self._secrets, int(time.time())),
        }
        post(self._url, body, headers)


def _is_secret(value: Any) -> bool:
    return isinstance(value, str) and _MIN_SECRET <= len(value) <= _MAX_SECRET and value.isprintable()


def _make(settings: Mapping[str, Any]) -> Mapping[str, Channel]:
    secrets = [settings["secret"], settings.get("previous_secret")]
    return {"": WebhookChannel(settings["url"], [secret for secret in secrets if secret])}


_SECRET = (_is_secret, f"must have {_MIN_SECRET} to {_MAX_SECRET} characters")
KIND = Kind(
    name="webhook",
    label="Webhook",
    fields=_FIELDS,
    problems=lambda settings: problems(
        _FIELDS,
        settings,
        {
            "url": (is_web_address, "must be an http(s) address without user and password"),
            "secret": _SECRET,
            "previous_secret": _SECRET,
        },
    ),
    make=_make,
    digest=False,
)

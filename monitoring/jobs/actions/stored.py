"""Stored messages: signed when they are stored, and checked before they are used."""

from __future__ import annotations

from typing import Any

from django.core.signing import BadSignature, Signer
from kombu.utils import json

from .models import StoredMessage
from .outcomes import RefusedError

_SALT = "monitoring.jobs.actions.stored"


def signature(task_id: str, body: str) -> str:
    """Return what proves that a body was stored for a task by somebody who knows the secret key."""
    return Signer(salt=_SALT).signature(f"{task_id}\n{body}")


def opened(message: StoredMessage) -> dict[str, Any]:
    """Return the parts of a stored message.

    Raises:
        RefusedError: It was not kept, or is no longer what was stored.
    """
    if message.problem:
        raise RefusedError(f"The message of {message.task_id} was not kept: {message.problem}.")
    signer = Signer(salt=_SALT)
    try:
        signer.unsign(f"{message.task_id}\n{message.body}{signer.sep}{message.signature}")
    except BadSignature:
        detail = f"The stored message of {message.task_id} was changed, or SECRET_KEY was; it is not published."
        raise RefusedError(detail) from None
    found: dict[str, Any] = json.loads(message.body)
    return found

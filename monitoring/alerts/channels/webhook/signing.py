"""The signature by which a receiver knows that a body is ours, is whole, and is new."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

HEADER = "Enginel-Signature"


def signature(body: bytes, secrets: Sequence[str], at: int) -> str:
    """Return the header's value: when it was signed, and an HMAC-SHA256 with each secret.

    Args:
        body: As it is sent.
        secrets: The current one, and the one before while receivers change over.
        at: Seconds since the epoch.
    """
    signed = f"{at}.".encode() + body
    made = (hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets)
    return ",".join([f"t={at}", *(f"v1={one}" for one in made)])

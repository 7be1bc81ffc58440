"""Free text without secrets: what goes through here is bounded, storable, and still readable."""

from __future__ import annotations

import hashlib

from .names import FILTERED
from .pairs import hide_pairs
from .shapes import hide_addresses, hide_blocks, hide_secrets

MAX_TEXT = 1_000
_BEYOND = 1_000
"""Characters that are read beyond a limit, so that a secret is known that begins before it and ends after it."""


def text(value: str, limit: int = MAX_TEXT) -> str:
    """Filter secrets and personal data in a text, bound it, and replace what no database stores. Never raises.

    Args:
        value: Any text.
        limit: Characters to keep.
    """
    return _scrubbed(value, limit, quoted_only=False)


def source(line: str, limit: int = MAX_TEXT) -> str:
    """Filter what is hard-coded in a line of source code; expressions stay.

    Args:
        line: Of source code.
        limit: Characters to keep.
    """
    return _scrubbed(line, limit, quoted_only=True)


def clean(value: str, limit: int = MAX_TEXT) -> str:
    """Bound a name or id, and replace what no database stores: NUL and lone surrogates.

    Args:
        value: A text that holds no secrets, such as the name of a task.
        limit: Characters to keep.
    """
    value = value[:limit]
    if value.isascii():
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in value else value
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def person(user: str, limit: int = 64) -> str:
    """Return the id of a user; of one that is personal data itself, such as an address, what stands for it.

    Args:
        user: Whatever a project knows its users by.
        limit: Characters to keep.

    Returns:
        For the same user always the same, so that users can be counted.
    """
    shown = text(user, limit)
    if FILTERED not in shown:
        return shown
    return f"user-{hashlib.sha256(user.encode('utf-8', 'replace')).hexdigest()[:16]}"


def _scrubbed(value: str, limit: int, *, quoted_only: bool) -> str:
    read = clean(value, limit + _BEYOND)
    shown = hide_secrets(hide_pairs(hide_addresses(hide_blocks(read)), quoted_only=quoted_only))
    if len(value) > limit + _BEYOND and len(shown) < limit:
        shown = shown.rpartition(" ")[0]  # what was cut in its middle may be a secret that nobody recognised
    return shown[:limit]

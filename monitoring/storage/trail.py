"""What somebody did, told in the very transaction in which it is written: the journal listens, and keeps it.

Who tells of a deed need not know the journal. Where a deed cannot be kept, `tell` raises, and the transaction it was
done in is rolled back: nothing is done that nobody can read of later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.dispatch import Signal


class NotKept(Exception):  # noqa: N818  # reads as what it says
    """What was done could not be kept in the journal, so that it has to be undone; the message says what."""


acted = Signal()
"""Sent with `deed` and `using`, the alias of the database in whose transaction it was done."""


@dataclass(frozen=True)
class Deed:
    """Something that was done.

    Attributes:
        action: What, as object and verb: `block.lift`, `silence.create`, `recovery.approve`.
        target_type: What it was done to: `block`, `silence`, `queue`.
        target_id: Which one.
        actor: Name of who did it; empty for the platform itself.
        user_id: Primary key of that user.
        token: First characters of the digest of the token they came with; empty for a session.
        client: Their address.
        outcome: `success`, `failure` or `denied`.
        details: What else was said, and what it was before; scrubbed when it is kept.
    """

    action: str
    target_type: str
    target_id: str
    actor: str = ""
    user_id: str = ""
    token: str = ""
    client: str = ""
    outcome: str = "success"
    details: Mapping[str, Any] = field(default_factory=dict)


def tell(deed: Deed, using: str) -> None:
    """Tell of a deed inside of the transaction that does it.

    Args:
        deed: What was done.
        using: Alias of the database whose transaction is open.

    Raises:
        NotKept: It cannot be kept.
        OperationalError: The database asks for another try.
    """
    acted.send(sender=Deed, deed=deed, using=using)

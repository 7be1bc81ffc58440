"""Patterns with gaps, as regular expressions that Python matches in linear time.

`.*a.*a.*a` takes a time that grows with a power of the length, since a piece that does not fit lets all before it be
tried elsewhere. The first place in which a piece fits is as good as any other, so that none is tried twice.
"""

from __future__ import annotations

from collections.abc import Sequence


def linear(pieces: Sequence[str]) -> str:
    """Return the expression of texts that consist of some pieces, with anything between each two.

    Args:
        pieces: Regular expressions, at least one, of which each matches texts of but one length.
    """
    first, *others = pieces
    if not others:
        return first
    *between, last = others
    return f"{first}{''.join(f'(?>.*?{piece})' for piece in between if piece)}.*{last}"

"""Regular expressions that people give, held against texts in linear time.

They are RE2's, as Alertmanager's are, without look-around and references back: Python's own take exponential time over
some, in which no other thread of the process would run.
"""

from __future__ import annotations

from functools import lru_cache

import re2

MAX_STEPS = 5_000
"""Steps that a compiled expression may have; matching takes as many a character at worst."""
_MAX_BYTES = 1 << 18


class ExpressionError(ValueError):
    """What was given is no expression, or one that is too large; the message says which, to a person."""


class Expression:
    """One compiled expression."""

    def __init__(self, text: str) -> None:
        """Compile an expression.

        Args:
            text: The expression.

        Raises:
            ExpressionError: It is none, or is too large.
        """
        options = re2.Options()
        options.max_mem, options.log_errors = _MAX_BYTES, False
        try:
            compiled = re2.compile(text.encode(), options)
        except re2.error as error:
            reason = error.args[0] if error.args else ""
            says = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
            raise ExpressionError(f"{text[:100]!r} is no regular expression: {says}.") from error
        except UnicodeEncodeError as error:
            raise ExpressionError(f"{text[:100]!r} is no regular expression: it is no Unicode text.") from error
        if compiled.programsize > MAX_STEPS:
            raise ExpressionError(f"{text[:100]!r} is too large a regular expression.")
        self._compiled = compiled

    def matches(self, text: str) -> bool:
        """Say whether it matches the whole of a text."""
        return self._compiled.fullmatch(text.encode(errors="replace")) is not None


@lru_cache(maxsize=1_000)
def expression(text: str) -> Expression:
    """Return a compiled expression; the same again costs next to nothing.

    Raises:
        ExpressionError: It is none, or is too large.
    """
    return Expression(text)

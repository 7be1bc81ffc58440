"""Fields of serializers that take less than REST framework's own."""

from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers

_DIGITS = re.compile(r"[+-]?[0-9]+")


class WholeNumberField(serializers.IntegerField):
    """A whole number, as text in ASCII digits alone.

    Python, and so REST framework, reads the digits of every script, underscores between them, and `1.0`.
    """

    def to_internal_value(self, data: Any) -> int:
        """Return the number.

        Raises:
            ValidationError: It is none, or written in another way.
        """
        if isinstance(data, str) and not _DIGITS.fullmatch(data.strip()):
            self.fail("invalid")
        return int(super().to_internal_value(data))

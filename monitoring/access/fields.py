"""Fields of serializers that take less than REST framework's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

_DIGITS = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SECONDS = re.compile(r"[0-9]{1,11}(\.[0-9]{1,9})?")
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


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


@extend_schema_field(OpenApiTypes.STR)
class MomentField(serializers.DateTimeField):
    """A time, as ISO 8601 or in seconds since the epoch; without a zone it is in the project's."""

    default_error_messages = {"range": "Must be a time from 1970 on and before 2200."}

    def to_internal_value(self, value: Any) -> datetime:
        """Return the time, in UTC.

        Raises:
            ValidationError: It is none, or out of all bounds.
        """
        if isinstance(value, str) and _SECONDS.fullmatch(value):
            moment = datetime.fromtimestamp(float(value), UTC)
        else:
            moment = super().to_internal_value(value)
        if not _FIRST <= moment < _LAST:
            self.fail("range")
        return moment.astimezone(UTC)


class SecondsField(serializers.FloatField):
    """Seconds, as a decimal number in ASCII digits; not a number is none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 0, "max_value": 1e9, **kwargs})

    def to_internal_value(self, data: Any) -> float:
        """Return the seconds.

        Raises:
            ValidationError: It is no number, or written in another way.
        """
        if isinstance(data, bool) or (isinstance(data, str) and not _DECIMAL.fullmatch(data.strip())):
            self.fail("invalid")
        if isinstance(data, int) and self.max_value is not None and data > self.max_value:
            self.fail("max_value", max_value=self.max_value)  # no float may be as large
        return float(super().to_internal_value(data))


class ChoicesField(serializers.CharField):
    """Some of a set of choices, separated by commas.

    Args:
        choices: All that can be chosen.
    """

    default_error_messages = {"choice": '"{given}" is none of: {choices}.'}

    def __init__(self, choices: Iterable[str], **kwargs: Any) -> None:
        self.choices = tuple(choices)
        super().__init__(**{"max_length": 500, **kwargs})

    def to_internal_value(self, data: Any) -> Any:
        """Return what was chosen, as a list.

        Raises:
            ValidationError: Something is none of the choices.
        """
        given = [text.strip() for text in super().to_internal_value(data).split(",")]
        for text in given:
            if text not in self.choices:
                self.fail("choice", given=text, choices=", ".join(self.choices))
        return given

    def run_validators(self, value: Any) -> None:
        """Leave it at that: the validators of text do not fit a list."""

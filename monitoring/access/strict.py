"""Bodies of requests: members that do not exist are refused, as parameters in addresses are (`query`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

_MOST_NAMED, _LONGEST_NAME = 10, 100


class StrictSerializer(serializers.Serializer[Any]):
    """What is sent in a body; a misspelt member that was passed over would look as if it had been obeyed."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the values.

        Raises:
            ValidationError: One of them is wrong, or there is no such member.
        """
        if isinstance(data, Mapping) and (unknown := sorted(str(name) for name in data if name not in self.fields)):
            message = f"There is no such member. There are: {', '.join(self.fields)}."
            raise serializers.ValidationError({name[:_LONGEST_NAME]: [message] for name in unknown[:_MOST_NAMED]})
        values: dict[str, Any] = super().to_internal_value(data)
        return values

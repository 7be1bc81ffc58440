"""Fields of serializers that are about networks."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from .networks import FORM, MAX_TEXT, read


@extend_schema_field(OpenApiTypes.STR)
class NetworkField(serializers.CharField):
    """A network, or a single address."""

    default_error_messages = {"network": FORM}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": MAX_TEXT, **kwargs})

    def run_validators(self, value: Any) -> None:
        """Leave it at that: the validators of text do not fit a network."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the network.

        Raises:
            ValidationError: It is none.
        """
        text = super().to_internal_value(data)
        network = read(text) if len(text) <= MAX_TEXT else None
        if network is None:
            self.fail("network")
        return network

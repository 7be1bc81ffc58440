"""How the live view of metrics looks in JSON."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field(
    {
        "type": "object",
        "description": "Counters of the last 24 hours and gauges of the last five minutes, by name.",
        "properties": {"timestamp": {"type": "string", "format": "date-time"}},
        "required": ["timestamp"],
        "additionalProperties": {"type": "number"},
    }
)
class SnapshotField(serializers.DictField):
    """The time, and every live metric by its name."""

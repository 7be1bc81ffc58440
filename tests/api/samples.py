"""Slow samples, as the intake stores them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from monitoring.performance.models import SlowSample


def make_sample(**values: Any) -> SlowSample:
    """Store a slow sample: an operation, unless the values say otherwise."""
    known = {"at": timezone.now(), "kind": "operation", "service": "enginel", "name": "upload", "duration": 61.5}
    return SlowSample.objects.create(**known | {"context": {"user_id": "7"}} | values)

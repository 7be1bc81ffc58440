"""Gauges of storage, from a function of the monitored service that knows."""

from __future__ import annotations

from django.utils.module_loading import import_string

from monitoring.conf import Config
from monitoring.recording.metrics import record_gauge

_GIGABYTE = 1e9


def refresh(config: Config) -> None:
    """Record `storage_used_gb` and `storage_quota_gb` (of 10^9 bytes), where somebody provides them.

    The provider takes nothing and returns used and granted bytes.

    Raises:
        Exception: Whatever the provider raises.
    """
    if not config.storage_provider:
        return
    used, granted = import_string(config.storage_provider)()
    record_gauge("storage_used_gb", used / _GIGABYTE)
    record_gauge("storage_quota_gb", granted / _GIGABYTE)

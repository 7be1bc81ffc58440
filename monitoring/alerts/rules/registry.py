"""Every kind of rules there is. A new one is a file in `kinds`, listed here."""

from __future__ import annotations

from typing import Any

from .kind import Kind
from .kinds import (
    anomaly,
    circuit_open,
    client_blocked,
    code,
    error_count,
    finding,
    health,
    latency,
    metric,
    new_group,
    no_data,
    queue_age,
    queue_length,
    regression,
    request_error_rate,
    slo_burn_rate,
    task_failure_rate,
)

_LISTED: tuple[Kind[Any], ...] = (
    new_group.KIND,
    regression.KIND,
    error_count.KIND,
    request_error_rate.KIND,
    latency.KIND,
    slo_burn_rate.KIND,
    task_failure_rate.KIND,
    queue_age.KIND,
    queue_length.KIND,
    finding.KIND,
    health.KIND,
    metric.KIND,
    no_data.KIND,
    client_blocked.KIND,
    circuit_open.KIND,
    anomaly.KIND,
    code.KIND,
)
KINDS: dict[str, Kind[Any]] = {kind.name: kind for kind in _LISTED}
"""The kinds by their names."""

"""What an operator can choose of recovery and of analysis: a part of `Config`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Remedies:
    """Settings of recovery and analysis. The attribute `recovery` is the key `RECOVERY` of `MONITORING`."""

    recovery: str = "automatic"
    """`automatic`, `suggest` (it is only said what would be done) or `off`."""
    recovery_strategies: tuple[str, ...] | dict[str, tuple[str, ...]] = field(default=("harmless",))
    """Strategies that act by themselves, by name or by reach; a dict has them by environment. The others are proposed,
    and wait for somebody's approval."""
    recovery_soak_seconds: float = 120.0
    """So long after a remedy took effect its signal is watched before it counts as cleared."""
    recovery_cooldown_seconds: float = 300.0
    """For so long after a recovery the same target is left alone."""
    recovery_most: int = 10
    """Actions within `recovery_window_seconds` at most; what comes after is proposed only."""
    recovery_window_seconds: float = 600.0
    """The window of `recovery_most`."""
    recovery_policy: str = "learned"
    """`learned`: what was seen decides once enough was seen; `documented`: always the documented order."""
    recovery_samples: int = 8
    """So many cases of an error type must have been watched with a strategy, and as many untreated, before what was
    seen of them decides."""
    recovery_exploration: float = 0.1
    """With this probability something of which too little is known is tried instead, doing nothing among it, once the
    first strategy in the documented order was watched so often. 0: never."""
    statement_timeouts: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Seconds that a statement may take on PostgreSQL, by database alias: as a rule, and at most when recovery raises
    it."""
    supervised: bool | None = None
    """Whether somebody starts workers anew that end by themselves; found out unless given."""
    kubernetes_deployments: dict[str, str] = field(default_factory=dict)
    """Deployments that recovery may scale: by service, or by `queue:` and the queue that their workers consume."""
    kubernetes_url: str = ""
    """Address of the Kubernetes API; the one that pods are told of unless given."""
    kubernetes_namespace: str = ""
    """Namespace of those Deployments; that of the pod unless given."""
    kubernetes_token: str = field(default="", repr=False)
    """Token for that API; the service account's, read anew each time, unless given."""
    kubernetes_ca: str = ""
    """File of the certificates by which that API is known; the service account's unless given."""
    recovery_retention_days: int = 90
    """How long recoveries are kept."""
    anomalies: str = "shadow"
    """`alert`: what is unusual becomes findings, of which rules tell; `shadow`: it is only kept; or `off`."""
    anomaly_series: int = 500
    """The busiest routes, operations and tasks together, and as many queues, that anomalies and forecasts are about."""

"""What an operator can choose of logs, the journal, traces and what is forwarded: a part of `Config`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Journaling:
    """Settings of logs, journal, traces and sinks. The attribute `log_retention_days` is `LOG_RETENTION_DAYS`."""

    kept_log_level: str = "WARNING"
    """Lines from this level on are kept, so that ids lead to them; of requests and tasks whose trace is kept from INFO
    on."""
    log_lines_per_minute: int = 600
    """Lines of one logger that a process keeps a minute; what is beyond is counted."""
    request_log_excluded: tuple[str, ...] = ("/api/health/", "/health", "/metrics", "/static/")
    """Beginnings of the paths of which no request has a line."""
    log_retention_days: int = 14
    """How long lines of the log are kept."""
    span_retention_days: int = 14
    """How long parts of traces are kept."""
    alerts_sent: bool = True
    """Whether anybody is told of incidents; they are found, kept and shown anyhow. Off in development."""
    error_metrics_hours: int = 24
    """How far back the totals of errors go where nobody says how far. 1 in development."""
    security: bool = True
    """Whether what clients ask for is looked at for what attackers do."""
    security_requests_per_minute: int = 3_000
    """Requests of one client in a minute that are usual: behind one address there may be an office, or a monitor."""
    security_missing_paths: int = 30
    """Missing paths that a client may ask for in ten minutes; those that scanners ask for count three times."""
    security_failed_accounts: int = 10
    """Accounts that one client may fail to sign in to in ten minutes, and networks that may fail on one account."""
    security_refused_tokens: int = 10
    """Distinct tokens of one client that may be refused in ten minutes."""
    security_token_networks: int = 10
    """Wider networks (/16, of IPv6 /32) from which one token may be used in ten minutes."""
    security_blocks: tuple[str, ...] = ()
    """Kinds of findings for which the client is blocked, such as `security_injection`; none unless named."""
    security_block_confidence: float = 0.9
    """The confidence from which on a finding of these kinds blocks."""
    security_retention_days: int = 90
    """How long findings that are closed are kept."""
    sinks: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    """Where lines, errors and spans are forwarded to: options by kind, such as `{"syslog": {"url": "udp://…"}}`."""
    sink_backlog_bytes: int = 64 * 1024 * 1024
    """What waits for one sink at most, compressed; beyond it the oldest goes, counted."""
    asked_traces_per_minute: int = 60
    """How many traces a process keeps a minute because their callers keep them, by the flag of their `traceparent`."""
    spans_per_minute: int = 60
    """Requests of one route a process keeps a minute as parts of traces because they failed or were slow."""
    spans_per_context: int = 100
    """Operations and outgoing calls that are kept of one request or task of a trace."""
    trace_hosts: tuple[str, ...] = ()
    """Whom outgoing calls tell the trace, beside hosts that are plainly inside: names, `.example.org`, `*` for all."""
    journal_seals_folder: str = ""
    """Folder for the seals of the journal, which prove it; best on a disk that the database's admins do not reach."""
    journal_seals_storage: str = ""
    """Alias of a storage in Django's `STORAGES` for the seals, in place of a folder."""
    journal_key_file: str = ""
    """File of the private key (Ed25519, PEM) that seals are signed with; it is made when it is not there."""
    journal_trusted_keys: tuple[str, ...] = ()
    """Public keys of earlier seals, in Base64, after a change of the key."""
    journal_seal_seconds: float = 60.0
    """A chain that goes on is sealed so often."""
    journal_retention_days: int = 400
    """How long entries of the journal are kept; without a place for seals, for ever."""

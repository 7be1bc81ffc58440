"""Which findings there are of clients, and from what on something is one. No models in here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

WINDOW_MINUTES = 10
"""So far back is looked."""
QUIET_MINUTES = 15
"""A finding without new evidence for so long is closed."""


class Kind(StrEnum):
    """What was found. It is the kind of a finding that alert rules can tell of, too."""

    RATE = "security_rate"
    SCAN = "security_scan"
    INJECTION = "security_injection"
    TRAVERSAL = "security_traversal"
    CREDENTIALS = "security_credentials"
    TOKENS = "security_tokens"


class State(StrEnum):
    """How it stands with a finding."""

    OPEN = "open"
    CLOSED = "closed"
    DISMISSED = "dismissed"


@dataclass(frozen=True)
class Limits:
    """From what on something is evidence, within `WINDOW_MINUTES` unless it says otherwise.

    Attributes:
        requests: Requests of a client in a minute; a finding needs three minutes of the last five above it.
        paths: Distinct missing paths of a client; one that scanners ask for counts three times.
        accounts: Distinct accounts that a client failed to sign in to.
        clients: Distinct networks from which somebody failed to sign in to one account.
        attempts: Failures of one client to sign in to whatever accounts.
        tokens: Distinct tokens of a client that were refused.
        networks: Distinct wider networks (/16, of IPv6 /32) from which one token was used.
        patterns: The confidence from which on patterns of attacks are a finding.
    """

    requests: int = 3_000
    paths: int = 30
    accounts: int = 10
    clients: int = 10
    attempts: int = 100
    tokens: int = 10
    networks: int = 10
    patterns: float = 0.8

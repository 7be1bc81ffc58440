"""Networks as people write them."""

from __future__ import annotations

from monitoring.forms import Network, network

MAX_TEXT = 43
"""Characters of the longest: IPv6 in full, with its length."""
FORM = "Must be a network or an address, like 203.0.113.0/24, 203.0.113.7 or 2001:db8::/48."


def read(text: str) -> Network | None:
    """Read a network or a single address; None for what is neither, and for an address of one link alone."""
    return None if "%" in text else network(text)


def shown(text: str) -> str:
    """Return a network in its canonical spelling as people read it: a single address without its length."""
    return text.removesuffix("/128" if ":" in text else "/32")

"""What settings must be that have more of a form than a type, and how it is said. Pure functions over values."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Any
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""In which translators show those who come by IPv4 (RFC 6052)."""
_SHORTEST_TRANSLATED = 104
_DEPLOYMENT = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_MIN_TOKEN, _MAX_TOKEN = 20, 500
_MAX_PASS = 8_192
_MAX_KEY = 100
_MAX_FACTOR = 100
_MAX_EXPLORATION = 0.5
_MAX_ACTING = 366 * 86_400
_MAX_STATEMENT_SECONDS = 86_400


def _is_token(value: Any) -> bool:
    """Whether a chosen token, where there is one, fits into a header and is hard to guess."""
    fits = isinstance(value, str) and (not value or _MIN_TOKEN <= len(value) <= _MAX_TOKEN)
    return fits and all("!" <= character <= "~" for character in value)


def _is_url(value: Any) -> bool:
    """Whether this is the address of a server, without credentials, which would end up in messages."""
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or " " in value or "@" in parts.netloc)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain


def _is_url_or_none(value: Any) -> bool:
    return value == "" or _is_url(value)


def _is_link_or_none(value: Any) -> bool:
    """Whether this is empty or an address that can be asked, whose path and query may be what identifies us."""
    if value == "":
        return True
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _is_credential(value: Any) -> bool:
    """Whether somebody else's token, where there is one, fits into a header."""
    return isinstance(value, str) and len(value) <= _MAX_TOKEN and all("!" <= character <= "~" for character in value)


def _is_pass(value: Any) -> bool:
    """Whether this is, or could be, a signed token, which holds what it stands for."""
    return isinstance(value, str) and len(value) <= _MAX_PASS and all("!" <= character <= "~" for character in value)


def _are_urls(value: Any) -> bool:
    """Whether these are URLs by the names of components."""
    return isinstance(value, dict) and all(
        isinstance(name, str) and name and isinstance(url, str) and url.startswith(("http://", "https://"))
        for name, url in value.items()
    )


def _are_deployments(value: Any) -> bool:
    """Whether these are names of Deployments, as Kubernetes has names."""
    return isinstance(value, dict) and all(
        isinstance(key, str) and key and isinstance(name, str) and _DEPLOYMENT.fullmatch(name)
        for key, name in value.items()
    )


def _are_rows(value: Any) -> bool:
    """Whether these are dicts by the names of classes; what they may hold, a check of its own says."""
    return isinstance(value, dict) and all(
        isinstance(name, str) and isinstance(row, dict) and all(isinstance(key, str) for key in row)
        for name, row in value.items()
    )


def _are_keys(value: Any) -> bool:
    """Whether these are names or patterns, of which none is for every name."""
    return isinstance(value, list | tuple) and all(
        isinstance(key, str) and len(key) <= _MAX_KEY and any(one.isalnum() for one in key) for key in value
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _are_networks(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(network(text) is not None for text in value)


def plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the address of IPv4 that one of IPv6 stands for, mapped or translated; any other as it is.

    A private address is never translated with that prefix: what claims so is nobody whom a private network knows.
    """
    if not isinstance(address, IPv6Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    inner = IPv4Address(int(address) & 0xFFFF_FFFF)
    return inner if address in _TRANSLATED and inner.is_global else address


def network(text: Any) -> Network | None:
    """Read a network or a single address; one of IPv4 mapped or translated into IPv6 is that of IPv4.

    Returns:
        The network; None for what is none.
    """
    if not isinstance(text, str):
        return None
    try:
        found = ip_network(text.strip())
    except ValueError:
        return None
    if isinstance(found, IPv4Network) or found.prefixlen < 96:
        return found
    address = plain(found.network_address)
    mapped = found.network_address.ipv4_mapped is not None
    if isinstance(address, IPv6Address) or not (mapped or found.prefixlen >= _SHORTEST_TRANSLATED):
        return found
    return IPv4Network((address, found.prefixlen - 96))


def _is_one_of(*words: str) -> tuple[Callable[[Any], bool], str]:
    """Make the form of a setting that is one of a few words."""
    return words.__contains__, f"must be one of {', '.join(map(repr, words))}"


def _is_acting_time(value: Any) -> bool:
    """Whether these are seconds that can be counted back from now."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _MAX_ACTING


def _is_factor(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 1.0 <= value <= _MAX_FACTOR


def _is_exploration(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MAX_EXPLORATION


def _are_severities(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(one in _SEVERITIES for one in value)


def _is_confidence(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and _LEAST_CONFIDENCE <= value <= 1


def _are_security_kinds(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(one in _SECURITY_KINDS for one in value)


def _is_flag_or_none(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def _are_statement_timeouts(value: Any) -> bool:
    """Whether these are pairs of seconds by the alias of a database, of which the second is no smaller."""
    return isinstance(value, dict) and all(isinstance(name, str) and _is_pair(pair) for name, pair in value.items())


def _is_pair(value: Any) -> bool:
    numbers = isinstance(value, list | tuple) and all(
        isinstance(one, int | float) and not isinstance(one, bool) for one in value
    )
    return numbers and len(value) == 2 and 0 < value[0] <= value[1] <= _MAX_STATEMENT_SECONDS


def _are_strategies(value: Any) -> bool:
    """Whether these are names, or names by environment; which there are, a check of its own says."""
    lists = list(value.values()) if isinstance(value, dict) else [value]
    named = isinstance(value, list | tuple) or (isinstance(value, dict) and all(isinstance(key, str) for key in value))
    return named and all(isinstance(one, list | tuple) and all(isinstance(name, str) for name in one) for one in lists)


_LEAST_CONFIDENCE = 0.5
_SECURITY_KINDS = tuple(
    f"security_{kind}" for kind in ("rate", "scan", "injection", "traversal", "credentials", "tokens")
)
_SEVERITIES = ("critical", "high", "medium", "low")
_NETWORKS = 'must be a list of networks, like ["10.0.0.0/8", "::1"]'
FORMS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "acting_admin_seconds": (_is_acting_time, f"must be a number of seconds above 0, and up to {_MAX_ACTING}"),
    "allowed_clients": (_are_networks, _NETWORKS),
    "block_escalation": (_is_factor, f"must be a number from 1 (each block is as long as the first) to {_MAX_FACTOR}"),
    "error_classes": (_are_rows, 'must be a dict of dicts by class, like {"shop.errors.SoldOut": {"status": 409}}'),
    "alert_rules": (_is_list, "must be a list of rules"),
    "anomalies": _is_one_of("alert", "shadow", "off"),
    "bugs_not_for": (_is_list, "must be a list of dicts of patterns"),
    "escalate_severities": (_are_severities, 'must be a list of severities, like ["critical", "high"]'),
    "fingerprint_rules": (_is_list, "must be a list of rules"),
    "kept_log_level": _is_one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
    "github_token": (_is_credential, f"must have at most {_MAX_TOKEN} ASCII characters and no spaces"),
    "github_api_url": (_is_url, "must be an http(s) URL without credentials, like https://github.example.com/api/v3"),
    "health_dependencies": (_are_urls, 'must be a dict of http(s) URLs by name, like {"billing": "https://…"}'),
    "kubernetes_deployments": (
        _are_deployments,
        'must be a dict of Deployments by service or queue, like {"shop": "shop-web", "queue:mail": "shop-mail"}',
    ),
    "kubernetes_token": (_is_pass, f"must have at most {_MAX_PASS} ASCII characters and no spaces"),
    "kubernetes_url": (_is_url_or_none, "must be an http(s) URL without credentials, like https://10.96.0.1"),
    "metrics_token": (_is_token, f"must have {_MIN_TOKEN} to {_MAX_TOKEN} ASCII characters and no spaces"),
    "metrics_allowed_networks": (_are_networks, _NETWORKS),
    "outbound_allowed_networks": (_are_networks, _NETWORKS),
    "protection": _is_one_of("enforce", "dry_run", "off"),
    "public_url": (_is_url_or_none, "must be an http(s) URL without credentials, like https://monitoring.example.com"),
    "recovery": _is_one_of("automatic", "suggest", "off"),
    "recovery_exploration": (_is_exploration, f"must be a number from 0 (never) to {_MAX_EXPLORATION}"),
    "recovery_policy": _is_one_of("learned", "documented"),
    "recovery_strategies": (
        _are_strategies,
        'must be a list of strategies or reaches, like ["harmless", "cache_clear"], or such lists by environment',
    ),
    "route_blame": _is_one_of("majority", "any", "off"),
    "scrub_keys": (_are_keys, 'must be a list of names or patterns, like ["licence", "*_number"]'),
    "security_block_confidence": (_is_confidence, f"must be a number from {_LEAST_CONFIDENCE} to 1"),
    "security_blocks": (_are_security_kinds, f"must be a list of kinds of findings, of {', '.join(_SECURITY_KINDS)}"),
    "sinks": (
        _are_rows,
        'must be a dict of options by kind of sink, like {"syslog": {"url": "udp://logs.internal:514"}}',
    ),
    "statement_timeouts": (
        _are_statement_timeouts,
        'must be a dict of two numbers of seconds by database, the usual and the most, like {"default": [5, 30]}',
    ),
    "supervised": (_is_flag_or_none, "must be true, false, or null to have it found out"),
    "trusted_proxies": (_are_networks, _NETWORKS),
    "watchdog_url": (_is_link_or_none, "must be an http(s) URL, like https://hc.example.com/ping/…"),
}
"""What settings must be that have more of a form than a type, and how it is said."""

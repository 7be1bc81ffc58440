"""What is known of an error, a run or a slow sample, as values by dimension. Pure functions over anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any

_LONGEST, _MOST_KEYS = 80, 30
_ARGUMENT = re.compile(r"(?:^|, )([A-Za-z_]\w*)=('[^']*'|\"[^\"]*\"|-?\d+(?:\.\d+)?|True|False|None)(?=, |$)")
_IDS = frozenset(
    {"trace_id", "request_id", "task_id", "root_id", "parent_id", "user_id", "task", "path", "method", "retries"}
    | {"worker", "user", "release", "environment", "duration"}
    | {"recovery_attempted", "recovery_success", "recovery_strategy"}
)
"""What of a context is no property of what happened, or has a dimension of its own."""
_IPV4_BITS, _IPV6_BITS = 24, 48
_FILTERED = "[filtered]"
_SESSION_SECONDS, _MINUTE = 600, 60


def session_of(at: datetime, user: str, address: str | None = None) -> str:
    """Return whose doing something is, and about when; empty where nobody is known.

    An address may be that of many, so that it is one session for a minute only.

    Args:
        at: When it happened.
        user: Who is signed in.
        address: Where it came from.
    """
    if user:
        return f"{user} {int(at.timestamp() // _SESSION_SECONDS)}"
    return f"{address} {int(at.timestamp() // _MINUTE)}" if address else ""


def of_context(context: Any) -> dict[str, str]:
    """Return what code said of what happened: the short values of its own keys, and the dependency it was inside of."""
    if not isinstance(context, Mapping):
        return {}
    found: dict[str, str] = {}
    for key, value in context.items():
        if key in _IDS or not isinstance(key, str) or len(found) == _MOST_KEYS:
            continue
        if text := _short(value):
            found["dependency" if key == "dependency" else f"context {key[:40]}"] = text
    return found


def of_arguments(arguments: str) -> dict[str, str]:
    """Return the short arguments of a task by name, as they were recorded for people to see."""
    found = {}
    for name, written in _ARGUMENT.findall(arguments)[:_MOST_KEYS]:
        if text := _short(written.strip("'\"")):
            found[f"argument {name}"] = text
    return found


def network_of(address: str | None) -> str:
    """Return the network of a client: of IPv4 its /24, of IPv6 its /48; empty for what is none."""
    if not address:
        return ""
    try:
        bits = _IPV4_BITS if ip_address(address).version == 4 else _IPV6_BITS  # as in IPv4
        return str(ip_network(f"{address}/{bits}", strict=False))
    except ValueError:
        return ""


def _short(value: Any) -> str:
    """Return a value that others may share, as text; empty for what is long, nested, or was filtered."""
    if isinstance(value, bool | int | str) and len(text := str(value)) <= _LONGEST and text != _FILTERED:
        return text
    return ""

"""What notices say. Pure functions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from monitoring.conf import get_config

if TYPE_CHECKING:
    from .planning import Blocked, Failing

VERSION = 1
"""Of the form of both messages."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "_OTHER"})
_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


def of_block(block: Blocked) -> dict[str, Any]:
    """Return what is told of a block: Slack's `text`, and its parts as fields for any other receiver."""
    config = get_config()
    command = f"python manage.py unblock {block.client}"
    where = f", most of them on {block.route}" if block.route else ""
    text = (
        f"{block.client} is blocked until {_moment(block.until)}: "
        f"{block.count} server errors within {block.window_seconds} s{where}. {block.reason}"
    ).strip()
    return {
        "text": f":no_entry: *{config.service}*: {escape(text)}\nTo unblock it: `{escape(command)}`",
        "version": VERSION,
        "event": "client_blocked",
        "service": config.service,
        "environment": config.environment,
        "block": block.block_id,
        "ip": block.client,
        "route": block.route,
        "count": block.count,
        "window_seconds": block.window_seconds,
        "since": _iso(block.since),
        "until": _iso(block.until),
        "reason": block.reason,
        "unblock": command,
    }


def of_patch(route: Failing, now: datetime, most: int) -> dict[str, Any]:
    """Return what the decision knows of a route that fails; its errors are looked up when it is sent first.

    Args:
        route: What fails.
        now: The current time.
        most: Ids of errors that are kept at most.
    """
    config = get_config()
    method, path = split(route.route)
    return {
        "version": VERSION,
        "event": "route_failing",
        "service": config.service,
        "environment": config.environment,
        "release": config.release,
        "route": path,
        "method": method,
        "count": route.count,
        "window_seconds": route.window_seconds,
        "decided": _iso(now),
        "errors": [str(error) for error in route.errors[:most]],
    }


def split(name: str) -> tuple[str, str]:
    """Return the method and the path of a recorded name; an empty method where it has none."""
    method, _, path = name.partition(" ")
    return (method, path) if method in _METHODS and path else ("", name)


def escape(text: str) -> str:
    """Return text in which Slack finds no links and no mentions."""
    for character, escaped in _ESCAPES:
        text = text.replace(character, escaped)
    return text


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

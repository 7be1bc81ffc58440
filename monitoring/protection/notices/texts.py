"""What notices say. Pure functions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.urls import NoReverseMatch, reverse

from monitoring.conf import get_config

if TYPE_CHECKING:
    from .planning import Blocked, Failing

VERSION = 1
"""Of the form of all these messages."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "_OTHER"})
_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_BLOCKS = "/api/monitoring/protection/blocks/"
_MOST_BLOCKS, _MOST_SHOWN = 100, 10


def of_block(block: Blocked) -> dict[str, Any]:
    """Return what is told of a block: Slack's `text`, and its parts as fields for any other receiver."""
    fields = _of_client(block)
    where = f" Most of them: {block.route}" if block.route and block.route not in block.reason else ""
    lines = [
        f":no_entry: *{escape(get_config().service)}*: {escape(block.client)} is blocked until {_moment(block.until)}.",
        escape(f"{block.reason}{where}".strip()),
        f"To unblock it: `{escape(fields['unblock'])}`",
    ]
    if get_config().public_url:
        lines.append(f"<{escape(_page(block.block_id, fields['url']))}|What led to it>")
    return {"text": "\n".join(filter(None, lines)), **_head("client_blocked"), **fields}


def _page(block_id: int, otherwise: str) -> str:
    """Return where people see a block in their browser; in a project without the admin, what programs read."""
    try:
        path = reverse("admin:monitoring_block_change", args=[block_id])
    except (NoReverseMatch, ImportError):
        return otherwise
    return f"{get_config().public_url.rstrip('/')}{path}"


def of_several(block: Blocked) -> dict[str, Any]:
    """Return what is told of blocks in their order, when there are many; `with_another` adds the next one."""
    return _together([_of_client(block)], 1)


def with_another(message: dict[str, Any], block: Blocked) -> dict[str, Any]:
    """Return what is told of the blocks of a message and one more; beyond some they are only counted."""
    return _together([*message["blocks"], _of_client(block)][:_MOST_BLOCKS], message["blocked"] + 1)


def _together(blocks: list[dict[str, Any]], count: int) -> dict[str, Any]:
    shown = ", ".join(block["ip"] for block in blocks[:_MOST_SHOWN])
    more = f" and {count - _MOST_SHOWN} more" if count > _MOST_SHOWN else ""
    further = f"{count} further client{' is' if count == 1 else 's are'} blocked"
    text = f":no_entry: *{escape(get_config().service)}*: {further}: {escape(shown)}{more}."
    return {"text": text, **_head("clients_blocked"), "blocked": count, "blocks": blocks}


def of_patch(route: Failing, now: datetime, most: int) -> dict[str, Any]:
    """Return what the decision knows of a route that fails; its errors are looked up when it is sent first.

    Args:
        route: What fails.
        now: The current time.
        most: Ids of errors that are kept at most.
    """
    method, path = split(route.route)
    return {
        **_head("route_failing"),
        "release": get_config().release,
        "route": path,
        "method": method,
        "count": route.count,
        "window_seconds": route.window_seconds,
        "decided": iso(now),
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


def iso(moment: datetime) -> str:
    """Return a time as messages hold it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _head(event: str) -> dict[str, Any]:
    config = get_config()
    return {"version": VERSION, "event": event, "service": config.service, "environment": config.environment}


def _of_client(block: Blocked) -> dict[str, Any]:
    return {
        "block": block.block_id,
        "ip": block.client,
        "route": block.route,
        "count": block.count,
        "window_seconds": block.window_seconds,
        "since": iso(block.since),
        "until": iso(block.until),
        "reason": block.reason,
        "unblock": f"python manage.py unblock {block.client}",
        "url": f"{get_config().public_url.rstrip('/')}{_BLOCKS}{block.block_id}/",
    }


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

"""A message as Slack's blocks, within Slack's limits; nothing in it mentions people or is a link but our own."""

from __future__ import annotations

import re
from typing import Any

from .. import rendering, texts
from ..base import Link, LinkKind, Message
from ..rendering import Told

BLOCKS, TEXT, HEADER, FIELD, FIELDS, BUTTONS, BUTTON = 50, 3_000, 150, 2_000, 10, 5, 75
"""Slack's limits, but for the buttons: beyond five nobody finds the one that is needed."""
_FALLBACK = 3_000
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MENTION = re.compile(r"@(?=here|channel|everyone)", re.IGNORECASE)
_APART = "\N{WORD JOINER}"
"""It shows nothing, and keeps `@here` and `*bold*` from being what Slack looks for."""
_MARKUP = re.compile(r"(?<!\w)[*_~`]|[*_~`](?!\w)")
"""Marks at the edge of a word, where Slack takes them for markup."""


def payload(message: Message) -> dict[str, Any]:
    """Return what is posted."""
    title = texts.line(rendering.subject(message), HEADER)
    blocks = [{"type": "header", "text": _plain(title, HEADER)}, _section(rendering.opening(message))]
    found = rendering.told(message)
    last = [_section(rendering.more(message))] if rendering.more(message) else []
    last += _actions(rendering.links(message.links))
    for one in found:
        new = _incident(one, single=len(message.incidents) == 1)
        if len(blocks) + len(new) + len(last) + 1 > BLOCKS:
            last.insert(0, _section("Not all fit in here."))
            break
        blocks += new
    fallback = f"{title}\n{rendering.opening(message)}"
    return {
        "text": escape(fallback, _FALLBACK),
        "blocks": blocks + last,
        "unfurl_links": False,
        "unfurl_media": False,
        "link_names": False,
    }


def escape(text: str, limit: int) -> str:
    """Return a text in which Slack sees no control sequence, no link and no mention, within a limit of characters.

    Args:
        text: Any text.
        limit: Counted after escaping, as Slack does; nothing that was escaped is cut in two.
    """
    pieces: list[str] = []
    left = limit
    for character in _MENTION.sub(f"@{_APART}", text):
        piece = _ENTITIES.get(character, character)
        if len(piece) > left:
            break
        pieces.append(piece)
        left -= len(piece)
    return "".join(pieces)


def _incident(one: Told, *, single: bool) -> list[dict[str, Any]]:
    rows = dict(one.rows)
    blocks: list[dict[str, Any]] = [] if single else [{"type": "divider"}, _section(f"[{one.mark}] {one.heading}")]
    if what := rows.pop("What happened", ""):
        blocks += [_section(what)] if single else []
    held = [_field(name, text) for name, text in rows.items()]
    blocks += [{"type": "section", "fields": held[at : at + FIELDS]} for at in range(0, len(held), FIELDS)]
    return blocks + _actions(one.links)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _plain(text, TEXT)}


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": escape(text, limit) or "-", "emoji": False}


def _field(name: str, text: str) -> dict[str, Any]:
    # `verbatim` keeps Slack from looking for names and addresses; what could be markup is kept apart by hand.
    held = _MARKUP.sub(lambda found: f"{_APART}{found[0]}{_APART}", text)
    return {"type": "mrkdwn", "text": escape(f"*{name.replace('*', ' ')}*\n{held}", FIELD), "verbatim": True}


def _actions(found: tuple[Link, ...]) -> list[dict[str, Any]]:
    if not found:
        return []
    return [{"type": "actions", "elements": [_button(link) for link in found[:BUTTONS]]}]


def _button(link: Link) -> dict[str, Any]:
    button: dict[str, Any] = {"type": "button", "text": _plain(link.label, BUTTON), "url": link.url}
    return button | ({"style": "primary"} if link.kind is LinkKind.ACKNOWLEDGE else {})

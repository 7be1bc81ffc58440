"""The mail as HTML: one table, inline styles and no image, so that it looks the same everywhere and loads nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.template import Context, Engine, Template

from .. import rendering
from ..base import Message, MessageKind

_COLOURS = {"critical": "#b00020", "high": "#c2410c", "medium": "#8a6d00", "low": "#1d4ed8"}
_GOOD, _PLAIN = "#15803d", "#475569"


@cache
def _template() -> Template:
    # An engine of our own: what the project loads or escapes differently does not matter here.
    return Engine(dirs=[str(Path(__file__).parent / "templates")]).get_template("message.html")


def html(message: Message) -> str:
    """Return the page; every text in it is escaped by the template."""
    context = {
        "subject": rendering.subject(message),
        "opening": rendering.opening(message),
        "incidents": rendering.told(message),
        "single": len(message.incidents) == 1,
        "more": rendering.more(message),
        "links": rendering.links(message.links),
        "colour": _colour(message),
    }
    return _template().render(Context(context))


def _colour(message: Message) -> str:
    if message.kind is MessageKind.RESOLVED:
        return _GOOD
    if message.kind in (MessageKind.TEST, MessageKind.ACKNOWLEDGED):
        return _PLAIN
    return _COLOURS.get(message.severity, _PLAIN)

"""On the flusher's thread: errors as they travel, readable and scrubbed, with their fingerprints."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from monitoring.recording import fingerprint, node, request_data, scrub
from monitoring.recording.events import Amendment, Error, Raised

from . import frames

_MAX_KEYS, _MAX_TYPES, _MAX_MRO = 5_000, 2_000, 20
_MAX_MESSAGE, _MAX_LINE, _SOURCE_FRAMES = 2_000, 300, 5
_NANOSECONDS_PER_MILLISECOND = 1_000_000
_FLAGS = ("handled", "expected")
_ABOUT = ("error_type", "severity", "route", "logger", "template", "statement", "client", "user", "service")

_keys: OrderedDict[int, str] = OrderedDict()
_lock = threading.Lock()


def fingerprint_of(key: int) -> str:
    """Return the fingerprint of errors of this place in the code, or an empty text if none was seen in full."""
    return _keys.get(key, "")


def remember(key: int, found: str) -> None:
    """Remember the fingerprint of a place in the code, for repetitions and pages."""
    with _lock:
        _keys[key] = found
        if len(_keys) > _MAX_KEYS:
            _keys.popitem(last=False)


def describe(event: Error) -> dict[str, Any]:
    """Return an error as it travels: its exceptions with readable frames, its surroundings, its fingerprint."""
    about = event.about
    values: dict[str, Any] = {
        "id": f"{event.error_id:032x}",
        "kind": event.kind,
        "name": scrub.text(event.name, 200),
        "status": about.get("status", 0),
        "handled": bool(about.get("handled")),
        "chain": chain_of(event.chain) if event.chain else _logged(about),
        "context": _context(event.context),
        "worker": node.name(),
    }
    values |= {key: _said(key, about[key]) for key in _ABOUT if about.get(key)}
    if about.get("expected"):
        values["expected"] = True
    if about.get("explicit"):
        values["explicit"] = [scrub.text(part, 200) for part in about["explicit"]]
    if event.request is not None:
        values["request"] = request_data.describe(event.request)
    if event.crumbs:
        values["crumbs"] = [_crumb(*crumb) for crumb in event.crumbs]
    values["fingerprint"] = fingerprint.current(values)
    remember(event.key, values["fingerprint"])
    if event.detailed and values["chain"]:
        _add_details(values["chain"], event.local)
    return values


def amendment(event: Amendment) -> dict[str, Any]:
    """Return what became known of an error as it travels."""
    values: dict[str, Any] = {"id": f"{event.error_id:032x}"}
    for key, value in event.values.items():
        if key == "context":
            values[key] = _context(value)
        elif key == "status" or key in _FLAGS:
            values[key] = value
        elif key in _ABOUT and value:
            values[key] = _said(key, value)
    return values


def _said(key: str, value: Any) -> str:
    return scrub.person(str(value)) if key == "user" else scrub.text(str(value))


def _context(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of an error, without secrets; users stay apart by their ids, whatever these are."""
    context = scrub.mapping(said)
    if isinstance(user := said.get("user_id"), str) and user:
        context["user_id"] = scrub.person(user)
    return context


def chain_of(chain: Sequence[Raised]) -> list[dict[str, Any]]:
    """Return exceptions with readable frames."""
    return [
        {
            "type": (names := _names_of(raised.type))[0],
            "mro": names,
            "message": scrub.text(raised.message, _MAX_MESSAGE),
            "link": raised.link,
            "frames": frames.describe(raised.frames),
        }
        for raised in chain
    ]


def _logged(about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a line of a log says, in the form of an exception; nothing for a response."""
    if "text" not in about:
        return []
    module, file, function, line = about["place"]
    place = [module, file, function, line, frames.is_in_app(module, file)]
    return [{"type": "", "mro": [], "message": scrub.text(about["text"], _MAX_MESSAGE), "link": "", "frames": [place]}]


def _add_details(chain: list[dict[str, Any]], local: Any) -> None:
    """Add lines of source to the exceptions, and local variables to where the first was raised."""
    for raised in chain:
        if found := frames.source(raised["frames"], _SOURCE_FRAMES):
            raised["source"] = {
                place: [first, [scrub.source(line, _MAX_LINE) for line in lines]]
                for place, (first, lines) in found.items()
            }
    if local and chain[0]["frames"]:
        chain[0]["locals"] = {str(len(chain[0]["frames"]) - 1): dict(local)}


def _crumb(at: int, level: str, source: str, text: str) -> list[Any]:
    return [at // _NANOSECONDS_PER_MILLISECOND, level, scrub.text(source, 200), scrub.text(text, 500)]


def _names_of(kind: Any) -> list[str]:
    return list(_names(kind))


@lru_cache(maxsize=_MAX_TYPES)
def _names(kind: Any) -> tuple[str, ...]:
    """Return the qualified names of a class and of those it is derived from, without object."""
    return tuple(_qualified(base) for base in kind.__mro__[:_MAX_MRO] if base is not object)


def _qualified(kind: type[Any]) -> str:
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return scrub.text(name, 200)


def as_uuid(error_id: int) -> str:
    """Return an id as people are shown it."""
    return str(UUID(int=error_id))

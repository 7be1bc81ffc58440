"""Errors as they were taken in, made safe: a field that is not of its form is left empty, and the error stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from monitoring.recording import fingerprint
from monitoring.storage.folding import Columns, Fact

KINDS = frozenset({"exception", "response", "log"})
_MAX_CHAIN, _MAX_FRAMES, _MAX_CRUMBS, _MAX_FINGERPRINT = 5, 151, 50, 64
_PARTS_WITHOUT_MODULE, _PARTS = 3, 5


@dataclass
class Sighting:
    """One error that occurred.

    Attributes:
        at: Milliseconds since the epoch.
        fingerprints: What it is known by: the one that its sender found, and the one of the current version.
        older: Those of older versions, by which its group may be known.
        values: What is known of it in full; None for a repetition that travelled as a key.
    """

    error_id: UUID
    at: int
    service: str
    release: str
    environment: str
    fingerprints: list[str]
    name: str
    status: int
    trace_id: str
    user: str
    client: str
    values: dict[str, Any] | None = None
    older: list[str] = field(default_factory=list)
    group_id: int = 0
    kept: str = field(default="")


def of_fact(fact: Fact) -> Sighting:
    """Read an error that travelled in full."""
    values, context = fact.values, _mapping(fact.values.get("context"))
    values["chain"] = chain = [
        _raised(part) for part in _list(values.get("chain"))[:_MAX_CHAIN] if isinstance(part, dict)
    ]
    values["context"], values["request"] = context, _mapping(values.get("request"))
    values["crumbs"] = _list(values.get("crumbs"))[:_MAX_CRUMBS]
    values["explicit"] = [part for part in _list(values.get("explicit")) if isinstance(part, str)]
    if text(values, "kind", 20) not in KINDS:
        values["kind"] = "exception" if chain else "response"
    fingerprints, older = _fingerprints(values)
    return Sighting(
        error_id=_uuid(values.get("id")),
        at=fact.at,
        service=text(values, "service", 200) or fact.service,
        release=fact.origin.get("release", "")[:200],
        environment=fact.origin.get("environment", "")[:50],
        fingerprints=fingerprints,
        older=older,
        name=text(values, "name", 200),
        status=whole(values.get("status")),
        trace_id=text(context, "trace_id", 32),
        user=(text(values, "user", 64) or text(context, "user_id", 64)),
        client=text(values, "client", 64),
        values=values,
    )


def of_occurrences(columns: Columns) -> list[Sighting]:
    """Read repetitions."""
    names, values = columns.names, columns.values
    lists = {
        title: values[title].tolist()
        for title in ("key", "trace", "user", "client", "release", "service", "code", "high", "low")
    }
    found = []
    for row, (name, at) in enumerate(zip(columns.name.tolist(), columns.at.tolist(), strict=True)):
        service, title = names[name]
        key = names[lists["key"][row]][1][:_MAX_FINGERPRINT]
        number = lists["high"][row] << 64 | lists["low"][row]
        found.append(
            Sighting(
                error_id=UUID(int=number) if number else uuid4(),
                at=at,
                service=names[lists["service"][row]][1] or service,
                release=names[lists["release"][row]][1],
                environment="",
                fingerprints=[key or fingerprint.of_response("unknown", 0, title)],
                name=title,
                status=lists["code"][row],
                trace_id=names[lists["trace"][row]][1][:32],
                user=names[lists["user"][row]][1][:64],
                client=names[lists["client"][row]][1][:64],
            )
        )
    return found


def text(values: Mapping[str, Any], key: str, limit: int) -> str:
    """Return a text, bounded; empty for what is none."""
    value = values.get(key)
    return value[:limit] if isinstance(value, str) else ""


def whole(value: Any) -> int:
    """Return a status, or 0 for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1000 else 0


def _fingerprints(values: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return what the sender found with what this release finds, and what older versions find."""
    sent = text(values, "fingerprint", _MAX_FINGERPRINT)
    try:
        found = fingerprint.every(values)
    except (TypeError, ValueError, AttributeError, IndexError, KeyError):  # of another form than any release of ours
        found = []
    current = list(dict.fromkeys([one for one in (sent, *found[:1]) if one])) or [
        fingerprint.of_response("unknown", 0, "")
    ]
    return current, found[1:]


def _raised(part: dict[str, Any]) -> dict[str, Any]:
    """Return one exception of a chain in its form."""
    clean: dict[str, Any] = {
        "type": text(part, "type", 200),
        "message": text(part, "message", 2_000),
        "mro": [name for name in _list(part.get("mro")) if isinstance(name, str)],
        "link": text(part, "link", 10),
        "frames": [frame for one in _list(part.get("frames"))[:_MAX_FRAMES] if (frame := _frame(one))],
    }
    for key in ("source", "locals"):
        if found := _mapping(part.get(key)):
            clean[key] = found
    return clean


def _frame(one: Any) -> list[Any]:
    """Return a frame as [module, file, function, line, in app]; releases before had no module."""
    if isinstance(one, list) and len(one) == _PARTS_WITHOUT_MODULE:
        one = ["", *one, True]
    if not isinstance(one, list) or len(one) != _PARTS:
        return []
    module, file, function, line, own = one
    if not (isinstance(module, str) and isinstance(file, str) and isinstance(function, str)):
        return []
    return [module[:300], file[:500], function[:300], line if isinstance(line, int) else 0, bool(own)]


def _uuid(value: Any) -> UUID:
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        return uuid4()


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

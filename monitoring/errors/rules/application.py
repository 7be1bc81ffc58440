"""Which fingerprint an error has by the rules. Pure functions over what travels of an error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monitoring.conf import get_config

from .rule import Patterns, Rule, read_all

_MAX_TEXT = 500
_latest: dict[str, Any] = {}  # the rules, and the configuration that they were read from


def configured() -> tuple[Rule, ...]:
    """Return the rules of this installation."""
    config = get_config()
    if _latest.get("config") is not config:
        _latest.update(config=config, rules=read_all(config.fingerprint_rules))
    rules: tuple[Rule, ...] = _latest["rules"]
    return rules


def apply(values: Mapping[str, Any], service: str, rules: Sequence[Rule]) -> str | None:
    """Return the fingerprint of an error by the first rule that it meets; None where it meets none.

    Args:
        values: The error, in the form in which the digest reads it.
        service: The service that it is of.
        rules: The rules, in their order.
    """
    texts: dict[str, list[str]] = {}
    for rule in rules:
        if meets(rule.match, values, service, texts):
            return _fingerprint(rule, values)
    return None


def repeated(fingerprint: str, name: str, status: int, rules: Sequence[Rule]) -> list[str]:
    """Return the fingerprints of an error by those rules that are made of nothing but this, for each that it meets.

    Args:
        fingerprint: What it has without rules.
        name: What failed.
        status: Its status, 0 where none is known.
        rules: The rules, in their order.
    """
    values = {"fingerprint": fingerprint, "name": name, "status": status}
    return [_fingerprint(rule, values) for rule in rules if rule.repeated]


def meets(patterns: Patterns, values: Mapping[str, Any], service: str, texts: dict[str, list[str]]) -> bool:
    """Whether an error meets all patterns.

    Args:
        patterns: Patterns by field.
        values: The error, in the form in which the digest reads it.
        service: The service that it is of.
        texts: What is known already of the texts that fields stand for; the others are added, for the next patterns.
    """
    return all(_meets(name, pattern.match, values, service, texts) for name, pattern in patterns)


def _meets(
    name: str,
    match: Callable[[str], object],
    values: Mapping[str, Any],
    service: str,
    texts: dict[str, list[str]],
) -> bool:
    """Whether one of the texts that a field stands for matches; they are put together once for all rules."""
    if name not in texts:
        texts[name] = [service[:_MAX_TEXT]] if name == "service" else _TEXTS[name](values)
    return any(match(text) for text in texts[name])


def _raised(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the exception that was caught, and nothing of a response without one."""
    chain = values.get("chain") or [{}]
    return chain[0]  # type: ignore[no-any-return]


def _frames(values: Mapping[str, Any]) -> Sequence[Any]:
    return _raised(values).get("frames") or []


def _types(values: Mapping[str, Any]) -> list[str]:
    """Return the class and all that it is derived from, whole and without their modules."""
    raised = _raised(values)
    whole = [str(raised.get("type") or values.get("error_type") or ""), *map(str, raised.get("mro") or ())]
    return [name[:_MAX_TEXT] for name in dict.fromkeys([*whole, *(name.rpartition(".")[2] for name in whole)])]


def _message(values: Mapping[str, Any]) -> str:
    return str(_raised(values).get("message") or values.get("template") or "")[:_MAX_TEXT]


def _distinct(values: Mapping[str, Any], place: int) -> list[str]:
    return list(dict.fromkeys(str(frame[place])[:_MAX_TEXT] for frame in _frames(values)))


def _plain(key: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda values: str(values.get(key) or "")[:_MAX_TEXT]


def _culprit(values: Mapping[str, Any], place: int) -> str:
    """Return the module or the function of the application's innermost frame, or else of the innermost one."""
    frames = _frames(values)
    own = [frame for frame in frames if frame[4]] or frames
    return str(own[-1][place])[:_MAX_TEXT] if own else ""


_TEXTS: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "type": _types,
    "module": lambda values: _distinct(values, 0),
    "function": lambda values: _distinct(values, 2),
    "message": lambda values: [_message(values)],
    "name": lambda values: [_plain("name")(values)],
    "status": lambda values: [_plain("status")(values)],
    "kind": lambda values: [_plain("kind")(values)],
}
"""What the patterns of a field are held against."""
_VALUES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "type": lambda values: _types(values)[0],
    "module": lambda values: _culprit(values, 0),
    "function": lambda values: _culprit(values, 2),
    "message": _message,
    "name": _plain("name"),
    "status": _plain("status"),
    "kind": _plain("kind"),
    "default": _plain("fingerprint"),
}
"""What stands for a place in a fingerprint."""


class _Places(dict[str, str]):
    """Values of places, made when they are asked for."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__()
        self._values = values

    def __missing__(self, place: str) -> str:
        self[place] = _VALUES[place](self._values)
        return self[place]


def _fingerprint(rule: Rule, values: Mapping[str, Any]) -> str:
    places = _Places(values)
    parts = [part.format_map(places) for part in rule.parts]
    return hashlib.sha256(("rule:" + json.dumps(parts)).encode("utf-8", "replace")).hexdigest()[:16]

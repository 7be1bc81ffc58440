"""Local variables of a frame as short texts, made without running any code of the objects they are.

What an object says of itself may query a database, take a lock, or fail; a lazy object is loaded by being asked for its
class alone. So only plain values and plain containers are shown, and everything else is the name of its type.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PosixPath, PurePosixPath, PureWindowsPath
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any
from uuid import UUID

from . import scrub
from .raised.reading import is_from_signal

_MAX_NAMES, _MAX_NAME, _MAX_TEXT, _MAX_DEPTH = 30, 100, 200, 3
_MAX_BITS = 1_000
"""Longer integers take long to print."""
_SKIPPED = (ModuleType, FunctionType, BuiltinFunctionType, MethodType, CodeType, type)
_PRINTED = (
    bool,
    float,
    complex,
    Decimal,
    UUID,
    date,
    datetime,
    time,
    timedelta,
    PosixPath,
    PurePosixPath,
    PureWindowsPath,
)
_BRACKETS: dict[Any, str] = {dict: "{}", list: "[]", tuple: "()", set: "{}", frozenset: "{}"}


def capture(frame: FrameType) -> list[tuple[str, str]]:
    """Return a frame's local variables by name, scrubbed and bounded. Never raises, keeps no reference to values.

    Args:
        frame: As a traceback has it.

    Returns:
        At most 30 names with texts of at most 200 characters, in the order in which the code binds them. Modules,
        functions and classes are left out; what stands under a denied name is filtered.
    """
    shown: list[tuple[str, str]] = []
    try:
        found = frame.f_locals
        if type(found) is not dict:  # a class's body may have a namespace of its own making
            return shown
        for name, item in list(found.items()):
            if issubclass(type(item), _SKIPPED) or name.startswith(("__", ".")):
                continue
            shown.append((scrub.text(name, _MAX_NAME), _under(name, item, 0)[:_MAX_TEXT]))
            if len(shown) == _MAX_NAMES:
                break
    except Exception as error:  # the error is more important than its surroundings
        if is_from_signal(error):
            raise
        return shown
    return shown


def _under(name: Any, item: Any, depth: int) -> str:
    """Return the text of what stands under a name."""
    if type(name) is str and scrub.denied(name):
        return scrub.FILTERED
    try:
        return _shown(item, depth)
    except Exception:  # a time zone of somebody's own, a container that another thread changes
        return f"<{type(item).__qualname__}>"


def _shown(item: Any, depth: int) -> str:
    """Return the text of a value; asking only its type, as lazy objects load when they are asked for their class."""
    kind = type(item)
    if kind is str:
        return repr(scrub.text(item, _MAX_TEXT))
    if item is None or kind in _PRINTED:
        return str(item)
    if kind is int and item.bit_length() <= _MAX_BITS:
        return str(item)
    if kind in _BRACKETS and depth < _MAX_DEPTH:
        return _contained(item, kind, depth)
    return _told(item, kind)


def _told(item: Any, kind: type[Any]) -> str:
    """Return what can be said of a value without printing it."""
    if kind in (bytes, bytearray):
        return f"<{len(item)} {kind.__name__}>"
    return f"{kind.__qualname__}.{item._name_}" if issubclass(kind, Enum) else f"<{kind.__qualname__}>"


def _contained(item: Any, kind: Any, depth: int) -> str:
    """Return the text of a plain container, up to what is kept of it."""
    parts: list[str] = []
    left = _MAX_TEXT
    for one in item:
        if left < 0:
            break
        shown = _shown(one, depth + 1)
        part = f"{shown}: {_under(one, item[one], depth + 1)}" if kind is dict else shown
        parts.append(part)
        left -= len(part) + 2
    brackets = _BRACKETS[kind]
    text = f"{brackets[0]}{', '.join(parts)}{brackets[1]}"
    return text if depth else scrub.text(text, _MAX_TEXT)  # names and values may be neighbours in a list

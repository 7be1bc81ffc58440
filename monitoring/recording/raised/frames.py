"""Tracebacks as plain values: taken as tuples where an exception is caught, made readable by the flusher."""

from __future__ import annotations

import linecache
import sysconfig
from collections.abc import Sequence
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

from monitoring.conf import get_config

_HALF = 50
_LONG = 3 * _HALF
_MAX_STEPS = 20_000
_MAX_PLACES = 20_000
_AROUND = 3
_MAX_LINE = 300

_OWN = __name__.partition(".")[0]
_PACKAGES = ("/site-packages/", "/dist-packages/")
_STANDARD = tuple(
    sorted({f"{path}/" for name in ("stdlib", "platstdlib") if (path := sysconfig.get_path(name))} - {"/"})
)

Taken = tuple[list[CodeType], list[int], list[str]]
"""The code of each frame, the offset of its instruction, and the module it runs in; the outermost first."""


def take(exception: BaseException) -> tuple[Taken, FrameType | None]:
    """Return the frames of a traceback, and the innermost one itself.

    Of very deep ones, such as those of endless recursion, the middle is left out.
    """
    codes: list[CodeType] = []
    offsets: list[int] = []
    modules: list[str] = []
    add_code, add_offset, add_module = codes.append, offsets.append, modules.append
    step, steps = exception.__traceback__, 0
    frame = None
    while step is not None and steps < _MAX_STEPS:
        frame = step.tb_frame
        add_code(frame.f_code)
        add_offset(step.tb_lasti)
        add_module(frame.f_globals.get("__name__", ""))
        step = step.tb_next
        steps += 1
        if steps > _LONG and len(codes) > _LONG:
            del codes[_HALF : 2 * _HALF], offsets[_HALF : 2 * _HALF], modules[_HALF : 2 * _HALF]
    return (codes, offsets, modules), frame


def describe(taken: Taken) -> list[list[Any]]:
    """Return frames as [module, file, function, line, whether it is the application's own]."""
    return [
        [
            _text(module),
            code.co_filename,
            code.co_qualname,
            line_of(code, offset),
            is_in_app(_text(module), code.co_filename),
        ]
        for code, offset, module in zip(*taken, strict=True)
    ]


def _text(module: Any) -> str:
    return module if isinstance(module, str) else ""


@lru_cache(maxsize=_MAX_PLACES)
def line_of(code: CodeType, offset: int) -> int:
    """Return the line of an instruction; the file is none of its business: equal code can lie in two files."""
    for start, end, line in code.co_lines():
        if start <= offset < end:
            return line or code.co_firstlineno
    return code.co_firstlineno


@lru_cache(maxsize=_MAX_PLACES)
def is_in_app(module: str, file: str) -> bool:
    """Whether a frame is the application's own: not a library's, Python's, Enginel's, or generated code's.

    `IN_APP` and `NOT_IN_APP` decide by the beginnings of names of modules, and come first.
    """
    config = get_config()
    if _is_below(module, config.in_app):
        return True
    if _is_below(module, config.not_in_app) or _is_below(module, (_OWN,)) or file.startswith("<"):
        return False
    path = file.replace("\\", "/")
    return not any(part in path for part in _PACKAGES) and not path.startswith(_STANDARD)


def _is_below(module: str, packages: Sequence[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def source(frames: Sequence[Sequence[Any]], most: int) -> dict[str, Any]:
    """Return the lines around the innermost frames of the application: [first line's number, [lines]] by position."""
    found: dict[str, Any] = {}
    for position in range(len(frames) - 1, -1, -1):
        _, file, _, line, in_app = frames[position]
        if not in_app:
            continue
        if len(found) >= most:
            break
        lines = linecache.getlines(file)
        if 0 < line <= len(lines):
            first = max(1, line - _AROUND)
            shown = lines[first - 1 : line + _AROUND]
            found[str(position)] = [first, [text.rstrip("\n")[:_MAX_LINE] for text in shown]]
    return found


def forget() -> None:
    """Forget which frames are whose, as the settings may have changed."""
    is_in_app.cache_clear()

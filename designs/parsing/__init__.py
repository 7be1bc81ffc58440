"""Reads CAD files: what format a file has, what is in it, and how it is put together.

Only file objects come in and only JSON values go out; nothing here knows Django. Whatever is wrong with a file is a
`ParseError` with a message for its owner.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from . import iges, step
from .errors import ParseError
from .iges_records import Sections, read_head
from .part21 import Reader

STEP, IGES = "step", "iges"
EXTENSIONS = {".step": STEP, ".stp": STEP, ".p21": STEP, ".igs": IGES, ".iges": IGES}
HEAD_BYTES = 1024
_GEOMETRY = {STEP: step.read_geometry, IGES: iges.read_geometry}
_BOM = {STEP: step.read_bom, IGES: iges.read_bom}


def looks_like(format_name: str, head: bytes) -> bool:
    """Say whether the first bytes of a file are those of its format."""
    if format_name == STEP:
        return head.removeprefix(b"\xef\xbb\xbf").lstrip().upper().startswith((b"ISO-10303-21", b"/*"))
    return head[72:73] == b"S" and head[73:80].strip() == b"1"


def check_beginning(file: BinaryIO, format_name: str) -> None:
    """Read what precedes the data, which is cheap however large the file is.

    Raises:
        ParseError: It is broken.
    """
    if format_name == STEP:
        Reader(file).header()
    else:
        read_head(Sections(file))


def read_geometry(file: BinaryIO, format_name: str) -> dict[str, Any]:
    """Read schema, units, entity counts, product names and bounding box.

    Raises:
        ParseError: The file is broken.
    """
    return _GEOMETRY[format_name](file)


def read_bom(file: BinaryIO, format_name: str) -> dict[str, Any]:
    """Read the assembly tree and the parts with their quantities.

    Raises:
        ParseError: The file is broken.
    """
    return _BOM[format_name](file)


__all__ = [
    "EXTENSIONS",
    "HEAD_BYTES",
    "IGES",
    "STEP",
    "ParseError",
    "check_beginning",
    "looks_like",
    "read_bom",
    "read_geometry",
]

"""The fields of an IGES file: free-format parameters, texts that carry their length, and numbers with Fortran's D."""

from __future__ import annotations

import re
from array import array

from .errors import ParseError

MAX_PARAMETERS = 8 * 1024 * 1024
MAX_TEXT = 1_000
_HOLLERITH = re.compile(rb"\s*(\d{1,7})H")


def split(text: bytes, delimiter: bytes, terminator: bytes) -> tuple[list[bytes], bool]:
    """Cut free-format text into parameters; strings carry their length in front. Says whether the end was found."""
    values: list[bytes] = []
    at, start = 0, 0
    next_mark = re.compile(b"[" + re.escape(delimiter + terminator) + b"]").search
    while True:
        counted = _HOLLERITH.match(text, at)
        if counted is not None:
            at = counted.end() + int(counted[1])
        found = next_mark(text, at)
        if found is None:
            return values, False
        values.append(text[start : found.start()].strip())
        at = start = found.end()
        if found[0] == terminator:
            return values, True


def text_of(value: bytes) -> str:
    """Read a text, with or without its length in front."""
    counted = _HOLLERITH.match(value)
    raw = value if counted is None else value[counted.end() : counted.end() + int(counted[1])]
    return clean(raw.decode("latin-1"))


def clean(text: str) -> str:
    """Bound a text and replace control characters by blanks."""
    return "".join(c if c >= " " else " " for c in text[:MAX_TEXT]).strip()


def number_of(value: bytes) -> float | None:
    """Read a number, with Fortran's D for an exponent; an empty one is None."""
    if not value:
        return None
    if len(value) > 60 or not re.fullmatch(rb"[-+0-9.EeDd]+", value):
        raise ParseError("a number was expected in the global section")
    try:
        number = float(value.replace(b"D", b"E").replace(b"d", b"e"))
    except ValueError as error:
        raise ParseError("a number was expected in the global section") from error
    if not abs(number) < 1e300:
        raise ParseError("a number is out of range")
    return number


def floats(values: list[bytes], start: int, count: int) -> array[float]:
    """Read a run of numbers; a left-out one is zero."""
    if not 0 <= count <= len(values) - start:
        raise IndexError(start + count)
    return array("d", [float_of(value) for value in values[start : start + count]])


def float_of(value: bytes) -> float:
    """Read one number; a left-out one is zero.

    Raises:
        ValueError, OverflowError: It is none, or out of range.
    """
    if not value:
        return 0.0
    if b"D" in value or b"d" in value:
        value = value.replace(b"D", b"E").replace(b"d", b"e")
    number = float(value)
    if not abs(number) < 1e300:
        raise OverflowError(number)
    return number


def size_of(value: bytes) -> int:
    """Read a count that must be plausible.

    Raises:
        ValueError: It is not.
    """
    size = int(value)
    if not 0 <= size <= MAX_PARAMETERS:
        raise ValueError(size)
    return size


def pointers(values: list[bytes], start: int, count: int) -> list[int]:
    """Read a run of pointers to directory entries.

    Raises:
        IndexError, ValueError: There are fewer, or they are no numbers.
    """
    if not 0 <= count <= len(values) - start:
        raise IndexError(start + count)
    return [abs(int(value)) for value in values[start : start + count]]


def integer(field: bytes, line: int) -> int:
    """Read a whole number in a fixed column; an empty one is zero."""
    text = field.strip()
    if not text:
        return 0
    if not re.fullmatch(rb"[-+]?\d+", text):
        raise ParseError("a whole number was expected in a fixed column", line)
    return int(text)

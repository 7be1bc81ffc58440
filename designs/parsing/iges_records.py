"""The records of an IGES file: its sections of 80-column lines, what its head says, and its directory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .errors import ParseError
from .iges_fields import clean, integer, number_of, split, text_of

MAX_GLOBAL = 100_000
MAX_ENTITIES = 2_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """What the directory says of an entity."""

    type: int
    matrix: int
    in_parameter_space: bool


@dataclass(frozen=True, slots=True)
class Head:
    """The global section, as far as it matters."""

    delimiter: bytes
    terminator: bytes
    values: list[bytes]

    def text(self, index: int) -> str:
        """Return a string parameter without its Hollerith count; indices as in the standard, from 1."""
        return text_of(self.values[index - 1]) if len(self.values) >= index else ""

    def number(self, index: int, default: float) -> float:
        """Return a number, or what the standard says is meant when it is left out."""
        value = number_of(self.values[index - 1]) if len(self.values) >= index else None
        return default if value is None else value


class Sections:
    """Walks through the records, section by section, in the order the standard fixes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._pending: tuple[bytes, bytes] | None = None
        self.line = 0
        self.start_text = b" ".join(data.strip() for data in self.section(b"S", needed=True)).decode("latin-1")
        self.start_text = clean(self.start_text)

    def section(self, letter: bytes, *, needed: bool = False) -> Iterator[bytes]:
        """Yield the first 72 columns of the records of one section.

        Raises:
            ParseError: A section that must be there is not, or a record is broken.
        """
        found = False
        while True:
            record = self._pending or self._next()
            self._pending = record
            if record is None or record[0] != letter:
                break
            self._pending, found = None, True
            yield record[1]
        if needed and not found:
            raise ParseError(f"the {letter.decode()} section is missing", max(self.line, 1))

    def expect_end(self) -> None:
        """Check that the terminate record follows: without it the file was cut off."""
        if not any(True for _ in self.section(b"T")):
            raise ParseError("the file ends in the middle, without its terminate record", self.line)

    def _next(self) -> tuple[bytes, bytes] | None:
        record = b""
        while not record.strip():
            raw = self._file.readline(200)
            if not raw:
                return None
            self.line += 1
            record = raw.rstrip(b"\r\n")
        if b"\0" in record:
            raise ParseError("the file holds a NUL byte; it is not a text file", self.line)
        letter = record[72:73]
        if letter in {b"C", b"B"}:
            raise ParseError("the compressed and binary forms of IGES are not read", self.line)
        if len(record) > 80 or letter not in {b"S", b"G", b"D", b"P", b"T"}:
            raise ParseError("this is no IGES record of 80 columns", self.line)
        return letter, record[:72]


def read_head(sections: Sections) -> Head:
    """Read the global section.

    Raises:
        ParseError: It is not there, does not end, or names no usable delimiters.
    """
    text = b""
    for data in sections.section(b"G", needed=True):
        text += data
        if len(text) > MAX_GLOBAL:
            raise ParseError("the global section is too long", sections.line)
    # The first two parameters name the delimiters, and are written with them.
    delimiter, rest = _delimiter(text, b",")
    terminator, _ = _delimiter(rest, b";")
    if not delimiter.strip() or not terminator.strip() or delimiter == terminator:
        raise ParseError("the global section names no usable delimiters", sections.line)
    values, ended = split(text, delimiter, terminator)
    if not ended:
        raise ParseError("the global section does not end", sections.line)
    return Head(delimiter, terminator, values)


def _delimiter(text: bytes, default: bytes) -> tuple[bytes, bytes]:
    text = text.lstrip()
    if text[:2] == b"1H":
        return text[2:3], text[4:]
    return default, text[1:]


def read_directory(sections: Sections) -> dict[int, Entry]:
    """Read the directory: entities by the number of their first record.

    Raises:
        ParseError: It is not there, broken, or too long.
    """
    directory: dict[int, Entry] = {}
    records = sections.section(b"D", needed=True)
    number = 1
    for first in records:
        if next(records, None) is None:
            raise ParseError("a directory entry lacks its second record", sections.line)
        kind, matrix = integer(first[0:8], sections.line), integer(first[48:56], sections.line)
        directory[number] = Entry(abs(kind), matrix, first[68:70].strip() in {b"05", b"5"})
        number += 2
        if len(directory) > MAX_ENTITIES:
            raise ParseError(f"the file has more than {MAX_ENTITIES} entities", sections.line)
    return directory

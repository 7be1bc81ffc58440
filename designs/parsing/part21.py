r"""The exchange structure of ISO 10303-21 (STEP files): sections, instances, parameter values.

Nothing here knows what an instance means. The file is read in chunks and an instance is only cut out (`Reader`); who
needs its parameters asks for them (`parse_parameters`). Memory is bounded by the longest instance, never by the file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Union

from .errors import ParseError

CHUNK = 1024 * 1024
MAX_STATEMENT = 32 * 1024 * 1024
MAX_HEADER_STATEMENTS = 200
MAX_NESTING = 32
MAX_DIGITS = 60
MAX_VALUES = 100_000
MAX_TEXT = 1_000

_COMMENT = rb"/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/"
_GAP = rb"(?:\s++|" + _COMMENT + rb")*+"
# Two adjacent quotes inside a string read as two adjacent strings, which is all it takes to find its end.
_BODY = rb"(?:[^';/]++|'[^']*+'|" + _COMMENT + rb"|/(?!\*))*+"
_STATEMENT = re.compile(_GAP + b"(" + _BODY + b");")
_INSTANCE = re.compile(
    _GAP + rb"#(\d{1,18}+)" + _GAP + b"=" + _GAP + rb"(!?[A-Za-z0-9_]{0,100}+)" + _GAP + rb"\((" + _BODY + b");"
)
_HEADER_RECORD = re.compile(rb"([A-Za-z0-9_]+)" + _GAP + rb"\((" + _BODY + b")", re.DOTALL)
_TOKEN = re.compile(
    _GAP + rb"(?:(?P<text>'(?:[^']++|'')*+')"
    rb"|\#\s*+(?P<reference>\d{1,18}+)"
    rb"|(?P<real>[+-]?+\d++\.\d*+(?:[Ee][+-]?+\d++)?+)"
    rb"|(?P<integer>[+-]?+\d++)"
    rb"|\.(?P<enumeration>[A-Za-z0-9_]++)\."
    rb'|"(?P<binary>[0-9A-Fa-f]*+)"'
    rb"|(?P<word>!?+[A-Za-z_][A-Za-z0-9_]{0,100}+)"
    rb"|(?P<mark>[(),$*]))"
)
_ONLY_GAP = re.compile(_GAP + rb"\Z")


@dataclass(frozen=True, slots=True)
class Reference:
    """Another instance, `#12`."""

    number: int


@dataclass(frozen=True, slots=True)
class Enumeration:
    """A word of a fixed list, `.MILLI.`."""

    name: str


@dataclass(frozen=True, slots=True)
class Binary:
    """A bit string as its hexadecimal digits, `"0FF"`."""

    digits: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A value with its type spelled out, `LENGTH_MEASURE(25.4)`; also one record of a complex instance."""

    name: str
    parameters: list[Value]


@dataclass(frozen=True, slots=True)
class Derived:
    """The asterisk: the value follows from others."""


Value = Union[None, int, float, str, Reference, Enumeration, Binary, Typed, Derived, "list[Value]"]


class Reader:
    """Cuts a STEP file into statements and instances, chunk by chunk."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._buffer = b""
        self._at = 0
        self._counted_at = 0
        self._lines = 1

    @property
    def line(self) -> int:
        """Line at which the last statement ended."""
        self._lines += self._buffer.count(b"\n", self._counted_at, self._at)
        self._counted_at = self._at
        return self._lines

    def header(self) -> dict[str, list[Value]]:
        """Read from the start of the file up to the end of its header; parameters by record name.

        Raises:
            ParseError: The file does not begin like a STEP file, or its header is broken.
        """
        self._expect_magic()
        if self._keyword() != b"HEADER":
            raise ParseError("the header section is missing", self.line)
        records: dict[str, list[Value]] = {}
        for _ in range(MAX_HEADER_STATEMENTS):
            statement = self._statement()
            if statement.strip().upper() == b"ENDSEC":
                return records
            record = _HEADER_RECORD.fullmatch(statement)
            if record is None:
                raise ParseError("this is not a header record", self.line)
            records[record[1].decode("ascii").upper()] = parse_parameters(record[2], self.line)
        raise ParseError(f"the header has more than {MAX_HEADER_STATEMENTS} records", self.line)

    def instances(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield number, type name (empty for a complex instance) and parameter text of every instance to the end.

        Raises:
            ParseError: A statement is not an instance, or the file ends early.
        """
        while True:
            keyword = self._keyword()
            if keyword == b"END-ISO-10303-21":
                return
            if keyword == b"DATA" or keyword.startswith((b"DATA(", b"DATA ")):
                yield from self._data_section()
            elif keyword in {b"ANCHOR", b"REFERENCE", b"SIGNATURE"}:
                while self._keyword() != b"ENDSEC":
                    continue
            else:
                raise ParseError("a section was expected here", self.line)

    def _data_section(self) -> Iterator[tuple[int, bytes, bytes]]:
        match = _INSTANCE.match
        while True:
            found = match(self._buffer, self._at)
            if found is not None:
                self._at = found.end()
            else:
                # The instance goes on behind the buffer, or it is none.
                statement = self._statement()
                if statement.strip().upper() == b"ENDSEC":
                    return
                found = match(statement + b";")
                if found is None:
                    raise ParseError("an instance like #1=NAME(...); was expected here", self.line)
            number, name, body = found.groups()
            if body[-1:] != b")":
                # Nearly always a slip; rarely a comment or a gap before the semicolon.
                (parse_parameters if name else parse_complex)(body, self.line)
            yield int(number), name, body

    def _expect_magic(self) -> None:
        self._more()
        if self._buffer.startswith(b"\xef\xbb\xbf"):
            self._at = self._counted_at = 3
        if self._keyword() != b"ISO-10303-21":
            raise ParseError("a STEP file begins with ISO-10303-21;", 1)

    def _keyword(self) -> bytes:
        return self._statement().strip().upper()

    def _statement(self) -> bytes:
        """Return the text up to the next semicolon that is part of neither a string nor a comment."""
        while True:
            found = _STATEMENT.match(self._buffer, self._at)
            if found is not None:
                self._at = found.end()
                return found[1]
            self._more()

    def _more(self) -> None:
        left = len(self._buffer) - self._at
        if left > MAX_STATEMENT:
            raise ParseError(f"a statement is longer than {MAX_STATEMENT} bytes", self.line)
        # Reading as much as is there already keeps a long statement from being scanned again and again.
        chunk = self._file.read(max(CHUNK, left))
        if not chunk:
            self._at += len(self._buffer[self._at :]) - len(self._buffer[self._at :].lstrip())
            raise ParseError("the file ends in the middle", self.line)
        line = self.line
        if b"\0" in chunk:
            before = self._buffer.count(b"\n", self._at) + chunk.count(b"\n", 0, chunk.index(b"\0"))
            raise ParseError("the file holds a NUL byte; it is not a text file", line + before)
        self._buffer = self._buffer[self._at :] + chunk
        self._at = self._counted_at = 0


def parse_parameters(body: bytes, line: int | None = None) -> list[Value]:
    """Parse the parameters of a simple instance, from behind its opening parenthesis to the closing one.

    Raises:
        ParseError: The text is not a parameter list, or is nested too deeply.
    """
    values, end = _parse_list(body, 0, _Allowance(line))
    if not _ONLY_GAP.match(body, end):
        raise ParseError("there is text behind the closing parenthesis", line)
    return values


def parse_complex(body: bytes, line: int | None = None) -> list[Typed]:
    """Parse the records of a complex instance, from behind its opening parenthesis to the closing one.

    Raises:
        ParseError: The text is not a list of records.
    """
    records: list[Typed] = []
    allowance = _Allowance(line)
    at = 0
    while True:
        word = _token(body, at, line)
        if word["mark"] == b")" and records and _ONLY_GAP.match(body, word.end()):
            return records
        if word["word"] is None:
            raise ParseError("a record was expected in a complex instance", line)
        opening = _token(body, word.end(), line)
        if opening["mark"] != b"(":
            raise ParseError("a record needs its parameters in parentheses", line)
        allowance.take_one()
        parameters, at = _parse_list(body, opening.end(), allowance)
        records.append(Typed(word["word"].decode("ascii").upper(), parameters))


def _token(body: bytes, at: int, line: int | None) -> re.Match[bytes]:
    found = _TOKEN.match(body, at)
    if found is None:
        what = "the parameters end early" if _ONLY_GAP.match(body, at) else "this is not a parameter"
        raise ParseError(what, line)
    return found


class _Allowance:
    """How many values an instance may still have, over all its records."""

    def __init__(self, line: int | None) -> None:
        self.line = line
        self._left = MAX_VALUES

    def take_one(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise ParseError(f"an instance has more than {MAX_VALUES} values", self.line)


def _parse_list(body: bytes, at: int, allowance: _Allowance) -> tuple[list[Value], int]:
    """Parse up to the parenthesis that closes a list already open."""
    line = allowance.line
    lists = _OpenLists(allowance)
    while True:
        token = _token(body, at, line)
        at = token.end()
        kind, text = str(token.lastgroup), token[token.lastgroup or 0]
        if kind == "word":
            opening = _token(body, at, line)
            if opening["mark"] != b"(":
                raise ParseError("a type name needs its value in parentheses", line)
            at = opening.end()
            lists.open(text.decode("ascii").upper())
        elif text == b"(":
            lists.open(None)
        elif text == b",":
            lists.comma()
        elif text != b")":
            lists.add(_scalar(kind, text, line))
        elif (whole := lists.close()) is not None:
            return whole, at


class _OpenLists:
    """The lists around the current token. No recursion, so that depth is ours to bound."""

    def __init__(self, allowance: _Allowance) -> None:
        self._line = allowance.line
        self._allowance = allowance
        self._open: list[tuple[list[Value], str | None]] = [([], None)]
        self._complete = False  # whether the last token ended a value

    def open(self, type_name: str | None) -> None:
        """Begin a list, or the parameters of a typed value."""
        self._expect_value()
        if len(self._open) > MAX_NESTING:
            raise ParseError(f"lists are nested over {MAX_NESTING} deep", self._line)
        self._open.append(([], type_name))

    def close(self) -> list[Value] | None:
        """End the innermost list; returns the outermost once that is the one."""
        items, name = self._open.pop()
        if items and not self._complete:
            raise ParseError("a comma is followed by no value", self._line)
        if not self._open:
            return items
        self._complete = False
        self.add(items if name is None else Typed(name, items))
        return None

    def comma(self) -> None:
        """Go on to the next value."""
        if not self._complete:
            raise ParseError("a comma follows no value", self._line)
        self._complete = False

    def add(self, value: Value) -> None:
        """Add a value to the innermost list."""
        self._expect_value()
        self._open[-1][0].append(value)
        self._complete = True

    def _expect_value(self) -> None:
        if self._complete:
            raise ParseError("a comma is missing", self._line)
        self._allowance.take_one()


def _scalar(kind: str, text: bytes, line: int | None) -> Value:
    if kind == "text":
        return decode_text(text[1:-1])
    if kind == "mark":
        return None if text == b"$" else Derived()
    if kind == "enumeration":
        return Enumeration(text.decode("ascii"))
    if kind == "binary":
        return Binary(text.decode("ascii"))
    if len(text) > MAX_DIGITS:
        raise ParseError(f"a number has more than {MAX_DIGITS} digits", line)
    if kind == "real":
        number = float(text)
        if math.isinf(number):
            raise ParseError("a number is out of range", line)
        return number
    return Reference(int(text)) if kind == "reference" else int(text)


_ESCAPE = re.compile(
    rb"''|\\\\|\\X2\\(?P<wide>(?:[0-9A-Fa-f]{4})*+)\\X0\\|\\X4\\(?P<full>(?:[0-9A-Fa-f]{8})*+)\\X0\\"
    rb"|\\X\\(?P<byte>[0-9A-Fa-f]{2})|\\P(?P<page>[A-I])\\|\\S\\(?P<shifted>[ -~])"
)


def decode_text(raw: bytes) -> str:
    r"""Decode the inside of a string: '' and \\, \X\, \X2\, \X4\ and \S\ escapes, and bare UTF-8 or Latin-1.

    Texts are cut at 1,000 characters; characters that no database takes become U+FFFD.
    """
    raw = raw[: 16 * MAX_TEXT]
    parts: list[str] = []
    at, page = 0, 1
    for escape in _ESCAPE.finditer(raw):
        parts.append(_bare(raw[at : escape.start()]))
        at = escape.end()
        if escape["page"]:
            page = escape["page"][0] - ord("A") + 1
        else:
            parts.append(_unescape(escape, page))
    parts.append(_bare(raw[at:]))
    text = "".join(parts)[:MAX_TEXT]
    return "".join(c if c >= " " and not "\ud800" <= c <= "\udfff" else _harmless(c) for c in text)


def _unescape(escape: re.Match[bytes], page: int) -> str:
    if escape["wide"] is not None:
        return bytes.fromhex(escape["wide"].decode()).decode("utf-16-be", errors="replace")
    if escape["full"] is not None:
        return bytes.fromhex(escape["full"].decode()).decode("utf-32-be", errors="replace")
    if escape["byte"]:
        return chr(int(escape["byte"], 16))
    if escape["shifted"]:
        return bytes([escape["shifted"][0] + 128]).decode(f"iso8859-{page}", errors="replace")
    return "'" if escape[0] == b"''" else "\\"


def _bare(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _harmless(character: str) -> str:
    return " " if character in "\t\r\n" else "\ufffd"

"""Writing ISO 10303-21 (STEP) files, as the samples and the tests need it."""

from __future__ import annotations

import re

from .part21 import Binary, Derived, Enumeration, Reference, Typed, Value


def write_value(value: Value) -> str:
    """Write one parameter value the way the standard spells it."""
    if value is None:
        return "$"
    if isinstance(value, Derived):
        return "*"
    if isinstance(value, str):
        return f"'{encode_text(value)}'"
    if isinstance(value, float):
        mantissa, _, exponent = repr(value).partition("e")
        return (mantissa if "." in mantissa else mantissa + ".") + (f"E{exponent}" if exponent else "")
    if isinstance(value, list):
        return f"({','.join(map(write_value, value))})"
    return _write_marked(value)


def _write_marked(value: int | Reference | Enumeration | Binary | Typed) -> str:
    match value:
        case Reference(number):
            return f"#{number}"
        case Enumeration(name):
            return f".{name}."
        case Binary(digits):
            return f'"{digits}"'
        case Typed(name, parameters):
            return name + write_value(parameters)
    return str(value)


def encode_text(text: str) -> str:
    r"""Write a string's inside in plain ASCII; runs of other characters become \X2\ or, beyond plane 0, \X4\."""
    quoted = text.replace("\\", "\\\\").replace("'", "''")
    quoted = re.sub("[\x00-\x1f]", lambda found: f"\\X\\{ord(found[0]):02X}", quoted)
    quoted = re.sub("[\x7f-\uffff]+", lambda run: _hexadecimal("X2", run[0], "utf-16-be"), quoted)
    return re.sub("[\U00010000-\U0010ffff]+", lambda run: _hexadecimal("X4", run[0], "utf-32-be"), quoted)


def _hexadecimal(directive: str, text: str, encoding: str) -> str:
    return f"\\{directive}\\{text.encode(encoding, 'replace').hex().upper()}\\X0\\"


def write_instance(number: int, *records: Typed) -> str:
    """Write a simple instance, or a complex one when there are several records."""
    text = "".join(write_value(record) for record in records)
    return f"#{number}={text if len(records) == 1 else f'({text})'};"


def write_file(header: list[Typed], instances: list[str]) -> bytes:
    """Write a whole file from its header records and written instances."""
    lines = ["ISO-10303-21;", "HEADER;", *(f"{write_value(record)};" for record in header), "ENDSEC;"]
    return "\n".join([*lines, "DATA;", *instances, "ENDSEC;", "END-ISO-10303-21;", ""]).encode("ascii")

"""The header `traceparent` of W3C Trace Context, read strictly and written. Pure functions over texts."""

from __future__ import annotations

import re
from typing import NamedTuple

HEADER = "traceparent"
_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII | re.DOTALL)
_FORBIDDEN = "ff"
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
_LONGEST = 512
SAMPLED = 0x01
"""The flag of a caller who keeps the trace itself."""


class Parent(NamedTuple):
    """What came before, in another process or by another library.

    Attributes:
        trace: Trace id, 32 hexadecimal digits.
        span: Id of the span that is the parent, 16 hexadecimal digits.
        sampled: Whether the caller keeps the trace.
    """

    trace: str
    span: str
    sampled: bool


def read(header: object) -> Parent | None:
    """Read a `traceparent`; what is not of its form, as the standard has it, is as if it were not there.

    Versions above 00 may say more after the flags, of which nothing is read; version `ff`, ids that are all zero and
    upper-case digits are refused.
    """
    if not isinstance(header, str) or len(header) > _LONGEST:
        return None
    match = _FORM.fullmatch(header)
    if match is None:
        return None
    version, trace, span, flags, more = match.groups()
    if version == _FORBIDDEN or trace == _NO_TRACE or span == _NO_SPAN or (more and version == "00"):
        return None
    return Parent(trace, span, bool(int(flags, 16) & SAMPLED))


def write(trace: str, span: str, *, sampled: bool) -> str:
    """Write a `traceparent` of version 00."""
    return f"00-{trace}-{span}-{'01' if sampled else '00'}"

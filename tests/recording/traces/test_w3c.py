"""`traceparent` as W3C Trace Context has it, with the cases of its own test suite."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.recording import w3c

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("header", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-03", True),
        (f"00-{TRACE}-{SPAN}-fe", False),
        (f"cc-{TRACE}-{SPAN}-01", True),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like", True),
        (f"01-{TRACE}-{SPAN}-01-", True),
    ],
)
def test_what_is_of_the_standards_form_is_read(header: str, sampled: bool) -> None:
    assert w3c.read(header) == (TRACE, SPAN, sampled)


@pytest.mark.parametrize(
    "header",
    [
        "",
        None,
        7,
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"00-{TRACE}-{SPAN}-01.",
        f"cc-{TRACE}-{SPAN}-01.what-the-future-will-be-like",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN.upper()}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN[1:]}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}",
        f"0-{TRACE}-{SPAN}-01",
        f".0-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-.1",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{'٣' * 32}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-{'x' * 600}",
    ],
)
def test_anything_else_is_as_if_it_were_not_there(header: object) -> None:
    assert w3c.read(header) is None


ids = st.integers(1, 2**64 - 1)


@given(ids, ids, st.booleans())
def test_what_is_written_is_read_as_it_was(trace: int, span: int, sampled: bool) -> None:
    written = w3c.write(f"{trace:032x}", f"{span:016x}", sampled=sampled)
    assert w3c.read(written) == (f"{trace:032x}", f"{span:016x}", sampled)


@given(st.text())
def test_whatever_is_sent_reading_it_raises_nothing(header: str) -> None:
    assert w3c.read(header) is None

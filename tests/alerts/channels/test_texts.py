from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.alerts.channels import texts

from . import making


@given(making.texts, st.integers(1, 300))
def test_a_line_is_short_printable_and_has_no_break(text: str, limit: int) -> None:
    line = texts.line(text, limit)
    assert len(line) <= limit
    assert not any(unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} or one in "\u202e\u2066\u200b" for one in line)
    line.encode()


@given(making.texts, st.integers(1, 300))
def test_a_block_keeps_lines_and_nothing_else_that_controls(text: str, limit: int) -> None:
    block = texts.block(text, limit)
    assert len(block) <= limit
    assert not any(unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} for one in block.replace("\n", ""))


def test_a_text_that_is_shortened_says_so() -> None:
    assert texts.line("one two three", 8) == "one two…"
    assert texts.block("one\ntwo", 100) == "one\ntwo"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://x y",
        'https://x/"onclick',
        "https://x/<b>",
        "//x",
        "",
        "https://",
        "ftp://x",
        "https://ä",
        "https://[x",
    ],
)
def test_what_is_no_plain_address_of_the_web_is_no_link(url: str) -> None:
    assert texts.address(url) == ""


def test_an_address_stays_as_it_is() -> None:
    assert texts.address("https://a.example:8443/x?y=1&z=%20#t") == "https://a.example:8443/x?y=1&z=%20#t"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (61, "1 minute"),
        (719, "11 minutes"),
        (7_200, "2 hours"),
        (200_000, "2 days"),
        (-5, "0 seconds"),
    ],
)
def test_a_length_of_time_is_said_in_its_largest_unit(seconds: float, said: str) -> None:
    assert texts.span(seconds) == said


@making.FEW
@given(
    st.recursive(
        st.none() | st.floats() | st.integers() | making.texts,
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_it_is_becomes_json_of_bounded_size(value: Any) -> None:
    text = json.dumps(texts.plain({"held": value}), allow_nan=False)
    text.encode()


def test_moments_are_told_in_utc() -> None:
    assert texts.plain(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02T03:04:05Z"
    assert texts.moment(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02 03:04:05 UTC"

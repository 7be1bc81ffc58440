"""What came with an error cannot leave its place in a file or an issue: no markup, mentions, references or links."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.errors.bugs import markdown, texts

_NASTY = st.text(alphabet="`~@#|\\\n\r\u2028\u202e <>[]()!*_-1aG:/.", max_size=60) | st.text(max_size=60)


@given(_NASTY)
def test_no_text_ends_the_fence_that_it_stands_in(text: str) -> None:
    first, *inside, last = markdown.block(text).split("\n")
    fence = first.removesuffix("text")
    assert last == fence
    assert re.fullmatch(r"`{3,}", fence)
    assert all(fence not in line for line in inside)
    assert "\r" not in "".join(inside)


@given(_NASTY)
def test_no_text_ends_the_code_span_that_it_stands_in(text: str) -> None:
    shown = markdown.span(text)
    assert "\n" not in shown
    if shown == "-":
        return
    ticks = re.match(r"`+", shown)[0]  # type: ignore[index]
    if not text.strip().startswith("`"):
        assert [len(run) for run in re.findall("`+", shown)].count(len(ticks)) == 2


@given(_NASTY)
def test_no_title_mentions_people_or_refers_to_issues(text: str) -> None:
    for shown in (texts.issue_title("B-001", {"title": text}), markdown.heading(text)):
        assert not re.search(r"@\w|#\d|[gG][hH]-\d|[a-z]://|\n", shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@octocat closes #1", "@\u2060octocat closes #\u20601"),
        ("see acme/shop#7 and GH-8", "see acme/shop#\u20607 and GH-\u20608"),
        ("https://github.com/acme/shop/issues/1", "https\u2060://github.com/acme/shop/issues/1"),
        ("a\nb\tc\0d", "a b c d"),
        ("e" * 300, "e" * 199 + "…"),
    ],
)
def test_a_title_shows_what_it_is_and_does_nothing(text: str, shown: str) -> None:
    assert texts.issue_title("B-001", {"title": text}) == f"B-001: {shown}"


def test_a_heading_has_no_markup() -> None:
    assert markdown.heading("<b>*x*</b> [y](z) `k`") == r"\<b\>\*x\*\</b\> \[y\]\(z\) \`k\`"


def test_a_body_holds_a_planted_marker_and_fence_as_plain_text() -> None:
    planted = texts.marker_of("other", "bug")
    description = f"```\n@octocat closes #1\n| Marker | `{planted}` |\n```"
    data = {"title": "t", "service": "a|b`c", "fingerprint": "f", "culprit": "x\n| y", "description": description}
    body = texts.body(data)
    assert body.count("\n````text\n") == 1
    assert r"``a\|b`c``" in body
    assert r"`x \| y`" in body
    assert texts.marker_in(body) == texts.marker_of("a|b`c", "f")


def test_a_long_description_leaves_a_body_that_trackers_take() -> None:
    body = texts.body({"title": "t", "description": "é" * 200_000, "culprit": "c" * 10_000})
    assert len(body) < 65_536

"""A page only where the client names HTML."""

from __future__ import annotations

import pytest

from monitoring.answers.accept import wants_page

PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
"""What browsers send."""


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "TEXT/HTML",
        "text/html;level=1",
        "text/html; q=0.2",
        "text/html, application/json",
        "application/json;q=0.5, text/html",
        "application/json;q=0, text/html;q=0.1",
        "text/html;q=0.9, application/problem+json;q=0.8, */*",
        PAGE,
    ],
)
def test_a_page_for_those_who_name_html(accept: str) -> None:
    assert wants_page(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/*",
        "text/plain",
        "application/json",
        "application/json, text/html",
        "application/json, text/html;q=0.9",
        "text/html;q=0.8, application/problem+json;q=0.9",
        "text/html;q=0",
        "text/html;q=2",
        "text/html;q=nan",
        "text/html;q=much",
        "text/htmlx",
        ";;,,;q=",
        "x/y," * 5_000 + "text/html",
    ],
)
def test_json_for_all_others(accept: str) -> None:
    assert not wants_page(accept)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.alerts.rules.template import MAX_SUMMARY, figure, names, render


def test_names_stand_for_their_values() -> None:
    assert render("{task} failed on {worker}", {"task": "shop.pay", "worker": "w1@a"}) == "shop.pay failed on w1@a"


@pytest.mark.parametrize(
    "template", ["{unknown}", "{task.__class__}", "{task!r}", "{task:>999999999}", "{0}", "{", "{}"]
)
def test_what_is_no_known_name_stays_visible(template: str) -> None:
    assert render(template, {"task": "shop.pay"}) == template


@pytest.mark.parametrize("value", [None, "", ["a"], {"a": 1}])
def test_what_has_no_plain_value_stays_visible(value: object) -> None:
    assert render("{task}", {"task": value}) == "{task}"


def test_a_value_is_not_a_template_itself() -> None:
    assert render("{task}", {"task": "{secret}", "secret": "s3cret"}) == "{secret}"


def test_a_summary_is_one_line() -> None:
    assert render("a\r\nBcc: {who}", {"who": "x\r\ny\x00\u2028z"}) == "a Bcc: x y z"


@given(st.text(max_size=800), st.dictionaries(st.sampled_from("abc"), st.text() | st.floats() | st.integers()))
def test_a_summary_is_bounded_and_printable_whatever_comes(template: str, values: dict[str, object]) -> None:
    told = render(template + "{a}{b}{c}", values)
    assert len(told) <= MAX_SUMMARY
    assert told.isprintable()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.0, "5"),
        (0.123456, "0.123"),
        (1234.5, "1234"),
        (1e300, "1" + "0" * 300),
        (float("inf"), "inf"),
        (-2.5, "-2.5"),
    ],
)
def test_figures_are_written_as_people_read_them(value: float, text: str) -> None:
    assert figure(value)[:10] == text[:10]


def test_names_in_a_template_are_found() -> None:
    assert names("{a} {b_2} {c.d}") == {"a", "b_2"}

"""Matchers mean what they mean to Alertmanager."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.alerts.silences.matchers import MatcherError, all_meet, labels_of, parse, parse_text

LABELS = {"service": "shop", "route": "GET api/x/", "rule": "Errors", "severity": "high"}


@pytest.mark.parametrize(
    ("text", "meets"),
    [
        ('service="shop"', True),
        ("service=shop", True),
        ("service=sho", False),
        ("service!=shop", False),
        ("service!=web", True),
        ("service=~sh.*", True),
        ("service=~sh", False),
        ("service=~web|shop", True),
        ("service!~web|bar", True),
        ("service!~s.*", False),
        ("queue=", True),
        ("queue=~", True),
        ("queue!=", False),
        ("queue=~.+", False),
        ("queue!~.+", True),
        ('route = "GET api/x/"', True),
        ("severity=~critical|high", True),
    ],
)
def test_one_matcher(text: str, meets: bool) -> None:
    assert all_meet(parse(parse_text(text)), LABELS) is meets


def test_all_matchers_have_to_be_met() -> None:
    assert all_meet(parse(parse_text("service=shop\n\nrule=Errors")), LABELS)
    assert not all_meet(parse(parse_text("service=shop\nrule=Others")), LABELS)


def test_no_label_of_an_incident_replaces_its_rules() -> None:
    own = {"rule": "x", "severity": "low", "kind": "y", "service": "shop"}
    labels = labels_of(own, "Errors", "high", "health")
    assert labels == {"rule": "Errors", "severity": "high", "kind": "health", "service": "shop"}


@pytest.mark.parametrize(
    "rows",
    [
        [],
        "service=shop",
        {"name": "a"},
        [{"name": "a", "op": "="}],
        [{"name": "a", "op": "==", "value": "x"}],
        [{"name": "a\0", "op": "=", "value": "x"}],
        [{"name": "a", "op": "=", "value": 1}],
        [{"name": "a", "op": "=", "value": "\0"}],
        [{"name": "a", "op": "=~", "value": "("}],
        [{"name": "a", "op": "=~", "value": r"(a)\1"}],
        [{"name": "a", "op": "=~", "value": "(?=a)"}],
        [{"name": "a", "op": "=~", "value": "\ud800"}],
        [{"name": "a", "op": "=~", "value": r"\pL{999}"}],
        [{"name": "a", "op": "=", "value": "x" * 1_001}],
        [{"name": "a", "op": "=", "value": "x", "more": 1}],
        [{"name": "a", "op": "=", "value": "x"}] * 51,
        [None],
    ],
)
def test_what_means_nothing_is_refused(rows: object) -> None:
    with pytest.raises(MatcherError):
        parse(rows)  # type: ignore[arg-type]


def test_what_is_no_regular_expression_is_told_with_the_reason() -> None:
    with pytest.raises(MatcherError, match=r"'\(' is no regular expression: missing \)"):
        parse([{"name": "a", "op": "=~", "value": "("}])
    with pytest.raises(MatcherError, match="too large"):
        parse([{"name": "a", "op": "=~", "value": "\\pL{9}"}])


@pytest.mark.parametrize("pattern", ["([a-z/]+)+$", "(a|a)*b", "(.*)*x", "(a?){400}a"])
def test_no_regular_expression_takes_long(pattern: str) -> None:
    (matcher,) = parse([{"name": "route", "op": "=~", "value": pattern}])
    assert not matcher.meets({"route": "api/designs/orders/items/by/customer/<pk>/"})
    assert not matcher.meets({"route": "a" * 5_000 + "!"})


def test_a_line_of_many_blanks_is_read_at_once() -> None:
    assert parse_text("a = " + " " * 100_000 + "x") == [{"name": "a", "op": "=", "value": "x"}]


def test_a_value_that_is_no_unicode_text_is_held_against_it_all_the_same() -> None:
    assert all_meet(parse(parse_text("a=~x.y")), {"a": "x\udc80y"})


def test_a_line_that_is_no_matcher_is_named() -> None:
    with pytest.raises(MatcherError, match="'nonsense' is no matcher"):
        parse_text("service=shop\nnonsense")


@given(st.text(max_size=50), st.sampled_from(["=", "!=", "=~", "!~"]), st.text(max_size=50))
def test_an_operator_and_its_negation_never_agree(held: str, op: str, value: str) -> None:
    opposite = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}[op]
    try:
        one, other = parse([{"name": "a", "op": sign, "value": value} for sign in (op, opposite)])
    except MatcherError:
        return
    assert one.meets({"a": held}) is not other.meets({"a": held})

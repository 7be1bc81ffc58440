from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from hypothesis import given
from hypothesis import strategies as st

from monitoring.conf import load
from monitoring.errors.rules.application import apply, configured
from monitoring.errors.rules.rule import FIELDS, MAX_RULES, PLACES, problems, read, read_all
from tests.properties import FEW

ERROR: dict[str, Any] = {
    "kind": "exception",
    "name": "GET api/carts/",
    "status": 500,
    "fingerprint": "0123456789abcdef",
    "chain": [
        {
            "type": "shop.errors.CartError",
            "message": "cart 17 is gone",
            "mro": ["shop.errors.CartError", "shop.errors.ShopError", "builtins.Exception"],
            "frames": [
                ["shop.views", "shop/views.py", "CartView.get", 10, True],
                ["shop.carts", "shop/carts.py", "load", 20, True],
                ["redis.client", "redis/client.py", "get", 30, False],
            ],
        },
        {"type": "KeyError", "message": "'17'", "link": "context", "frames": []},
    ],
}
RESPONSE = {"kind": "response", "error_type": "404", "status": 404, "name": "GET <unmatched>", "chain": []}


def rule(match: dict[str, str], *parts: str) -> dict[str, Any]:
    return {"match": match, "fingerprint": list(parts or ["one"])}


def found(error: dict[str, Any], *rules: dict[str, Any], service: str = "shop") -> str | None:
    return apply(error, service, read_all(rules))


@pytest.mark.parametrize(
    "match",
    [
        {"type": "shop.errors.CartError"},
        {"type": "CartError"},
        {"type": "shop.errors.ShopError"},
        {"type": "*Error"},
        {"module": "redis.*"},
        {"module": "shop.views"},
        {"function": "CartView.*"},
        {"message": "cart * is gone"},
        {"message": "cart [0-9][0-9] is gone"},
        {"name": "GET *"},
        {"service": "sh?p"},
        {"status": "5??"},
        {"kind": "exception"},
        {"type": "CartError", "service": "shop", "status": "500"},
    ],
)
def test_an_error_meets_a_rule_when_it_meets_all_its_patterns(match: dict[str, str]) -> None:
    assert found(ERROR, rule(match)) is not None


@pytest.mark.parametrize(
    "match",
    [
        {"type": "KeyError"},  # what was not caught itself
        {"type": "carterror"},
        {"message": "cart"},
        {"service": "billing"},
        {"type": "CartError", "service": "billing"},
        {"status": "4*"},
        {"module": "shop"},
    ],
)
def test_an_error_that_misses_one_pattern_meets_no_rule(match: dict[str, str]) -> None:
    assert found(ERROR, rule(match)) is None


def test_a_response_without_an_exception_is_met_by_what_it_has() -> None:
    assert found(RESPONSE, rule({"type": "404"})) is not None
    assert found(RESPONSE, rule({"module": "*"})) is None
    assert found({"kind": "log", "template": "no %s", "chain": []}, rule({"message": "no *"})) is not None


def test_the_first_rule_counts() -> None:
    both = [rule({"type": "CartError"}, "first"), rule({"service": "shop"}, "second")]

    assert found(ERROR, *both) == found(ERROR, both[0])
    assert found(RESPONSE, *both) == found(RESPONSE, both[1])


@pytest.mark.parametrize("place", PLACES)
def test_a_place_tells_errors_apart_and_other_values_do_not(place: str) -> None:
    changed: dict[str, Any] = {
        "type": {"chain": [{**ERROR["chain"][0], "type": "shop.errors.OtherError"}]},
        "module": {"chain": [{**ERROR["chain"][0], "frames": [["shop.other", "", "load", 1, True]]}]},
        "function": {"chain": [{**ERROR["chain"][0], "frames": [["shop.carts", "", "store", 1, True]]}]},
        "message": {"chain": [{**ERROR["chain"][0], "message": "cart 18 is gone"}]},
        "name": {"name": "POST api/carts/"},
        "status": {"status": 503},
        "kind": {"kind": "log"},
        "default": {"fingerprint": "f" * 16},
    }

    for name, change in changed.items():
        same = found({**ERROR, **change}, rule({"service": "*"}, f"x-{{{place}}}")) == found(
            ERROR, rule({"service": "*"}, f"x-{{{place}}}")
        )
        assert same is (name != place), name


def test_the_place_of_a_function_is_the_applications_innermost() -> None:
    without_redis = {**ERROR, "chain": [{**ERROR["chain"][0], "frames": ERROR["chain"][0]["frames"][:2]}]}
    wanted = rule({"type": "*"}, "{module}", "{function}")

    assert found(ERROR, wanted) == found(without_redis, wanted)


def test_parts_do_not_run_into_each_other() -> None:
    assert found(ERROR, rule({"type": "*"}, "ab", "c")) != found(ERROR, rule({"type": "*"}, "a", "bc"))


def test_a_fingerprint_has_the_form_of_all_others() -> None:
    one = found(ERROR, rule({"type": "*"}))

    assert one is not None
    assert len(one) == 16
    assert int(one, 16) >= 0


WRONG = [
    7,
    {},
    {"match": {"type": "x"}},
    {"match": {"type": "x"}, "fingerprint": ["a"], "level": "high"},
    {"match": {}, "fingerprint": ["a"]},
    {"match": "x", "fingerprint": ["a"]},
    {"match": {"regex": "x"}, "fingerprint": ["a"]},
    {"match": {"type": ""}, "fingerprint": ["a"]},
    {"match": {"type": 5}, "fingerprint": ["a"]},
    {"match": {"type": "x" * 201}, "fingerprint": ["a"]},
    {"match": {"type": "x"}, "fingerprint": []},
    {"match": {"type": "x"}, "fingerprint": "a"},
    {"match": {"type": "x"}, "fingerprint": [7]},
    {"match": {"type": "x"}, "fingerprint": ["x"] * 21},
    {"match": {"type": "x"}, "fingerprint": ["x" * 201]},
    {"match": {"type": "x"}, "fingerprint": ["{user}"]},
    {"match": {"type": "x"}, "fingerprint": ["{type.__class__}"]},
    {"match": {"type": "x"}, "fingerprint": ["{type!r}"]},
    {"match": {"type": "x"}, "fingerprint": ["{type:>9999999}"]},
    {"match": {"type": "x"}, "fingerprint": ["{}"]},
    {"match": {"type": "x"}, "fingerprint": ["{type"]},
]


@pytest.mark.parametrize("value", WRONG)
def test_a_rule_of_another_form_is_told_with_its_place_and_left_out(value: Any) -> None:
    good = rule({"type": "x"})

    (told,) = problems([good, value])

    assert told.startswith("MONITORING['FINGERPRINT_RULES'][1] ")
    assert " must be " in told
    assert len(read_all([good, value])) == 1


def test_there_is_an_end_of_rules() -> None:
    many = [rule({"type": "x"})] * (MAX_RULES + 1)

    assert problems(many) == ["MONITORING['FINGERPRINT_RULES'] can have 200 rules, not 201."]
    assert len(read_all(many)) == MAX_RULES


def test_django_reports_wrong_rules_at_start(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "FINGERPRINT_RULES": [rule({"type": "x"}), {"match": {}}]}

    told = [message for message in run_checks() if message.id == "monitoring.E006"]

    assert len(told) == 1
    assert len(configured()) == 1


def test_a_setting_that_is_no_list_is_reported_and_none_is_in_force(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "FINGERPRINT_RULES": {"match": {}}}

    assert any("must be a list of rules" in message.msg for message in run_checks())
    assert configured() == ()
    assert load({"FINGERPRINT_RULES": "x"}).fingerprint_rules == ()


def test_patterns_that_try_their_text_again_and_again_do_not_exist() -> None:
    # 100 stars in a text that almost matches: with backtracking this would take longer than the universe lasts.
    evil = rule({"message": "*a" * 100 + "b"})

    assert found({**ERROR, "chain": [{"message": "a" * 2_000}]}, evil) is None


@FEW
@given(
    st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=20), max_size=3),
    st.lists(st.text("{}type!:.[]0 ", max_size=12), max_size=3),
)
def test_whatever_is_accepted_can_be_applied(match: dict[str, str], parts: list[str]) -> None:
    try:
        read({"match": match, "fingerprint": parts})
    except ValueError:
        return
    for error in (ERROR, RESPONSE, {}):
        assert found(error, rule(match, *parts)) in (None, found(error, rule(match, *parts)))

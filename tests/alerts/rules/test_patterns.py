from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.alerts.rules import patterns
from monitoring.storage.names import Name

TEXTS = [
    "GET api/designs/<uuid:pk>/",
    "POST api/designs/",
    "api/designs/",
    "shop.tasks.pay",
    "shopxtasks.pay",
    r"a\b [x] {y} (z) ^$ +|-",
    "ünïcode *",
    "a\nb",
    "b\n",
    "",
]
PATTERNS = [
    "api/designs/*",
    "GET api/designs/*",
    "shop.*",
    "shop?tasks.pay",
    "*",
    "[x]",
    "*[x]*",
    r"a\b *",
    "*^$ +|-",
    "ünï*",
    "(",
    "a|b",
    "GET",
    "a*b",
    "b",
    "**s*p*.**",
    "*a*a*a",
    "a?b",
]


@pytest.mark.django_db
@pytest.mark.parametrize("before", ["", patterns.METHOD])
def test_the_database_and_python_agree_about_patterns(before: str) -> None:
    Name.objects.bulk_create(Name(kind="task", service="", name=text) for text in TEXTS)
    for pattern in PATTERNS:
        stored = set(Name.objects.filter(patterns.where("name", [pattern], before)).values_list("name", flat=True))
        assert stored == {text for text in TEXTS if patterns.matches([pattern], text, before)}, pattern


def test_a_route_matches_with_and_without_its_method() -> None:
    for pattern in ("api/designs/*", "GET api/designs/*", "*designs*"):
        assert patterns.matches([pattern], "GET api/designs/<uuid:pk>/", patterns.METHOD)
    assert not patterns.matches(["POST api/designs/*"], "GET api/designs/<uuid:pk>/", patterns.METHOD)


def test_no_patterns_match_everything_and_one_of_several_is_enough() -> None:
    assert patterns.matches([], "anything")
    assert patterns.matches(["b", "a*"], "abc")
    assert not patterns.matches(["b", "c"], "abc")


@pytest.mark.django_db
@pytest.mark.parametrize("pattern", ["*a" * 99 + "b", "*a?" * 66, "*?" * 99 + "z"])
def test_a_pattern_of_many_gaps_is_matched_at_once(pattern: str) -> None:
    text = "a" * 200
    Name.objects.create(kind="task", service="", name=text)
    assert not patterns.matches([pattern + "b"] * 50, text, patterns.METHOD)
    assert not Name.objects.filter(patterns.where("name", [pattern + "b"] * 50, patterns.METHOD)).exists()


@given(st.text("ab?*", max_size=12), st.text("ab\n", max_size=12))
def test_a_pattern_means_what_it_means_to_a_shell(pattern: str, text: str) -> None:
    assert patterns.matches([pattern], text) is fnmatchcase(text, pattern)

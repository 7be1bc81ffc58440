"""What attackers send is recognised, and what everybody sends is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from monitoring.recording import attacks, patterns, visits
from monitoring.recording.attacks import PATTERNS, Pattern
from monitoring.recording.events import Counter, Entry

from .attackers import ATTACKS, BROWSER, PROBES
from .ordinary import everything

_STRONG = 0.8


def _is_found(request: tuple[str, str, str], kind: str) -> bool:
    return any(hit.kind == kind and hit.weight >= _STRONG for hit in patterns.hits(*request))


@pytest.mark.parametrize("kind", ATTACKS)
def test_every_attack_of_the_corpus_is_found_as_what_it_is(kind: str) -> None:
    missed = [request for request in ATTACKS[kind] if not _is_found(request, kind)]
    assert not missed


def test_precision_and_recall_over_both_corpora(capsys: pytest.CaptureFixture[str]) -> None:
    attacks = [request for requests in ATTACKS.values() for request in requests]
    right = sum(bool(patterns.hits(*request)) for request in attacks)
    wrong = sum(bool(patterns.hits(*request)) for request in everything())
    precision, recall = right / (right + wrong), right / len(attacks)
    with capsys.disabled():
        print(f"\npatterns: precision {precision:.4f}, recall {recall:.4f} of {len(attacks)} attacks")
    assert (precision, recall) == (1.0, 1.0)


def test_what_is_ordinary_has_no_hit_at_all() -> None:
    requests = everything()
    found = [(request, hits) for request in requests if (hits := patterns.hits(*request))]
    assert len(requests) > 10_000
    assert found == []


def test_what_is_not_worth_looking_at_has_no_hits() -> None:
    attacks = [request for requests in ATTACKS.values() for request in requests]
    assert [request for request in attacks if not patterns.worth(*request)] == []


@pytest.mark.parametrize("path", ["/", "/api/designs/7/", "/search"])
def test_plain_requests_are_not_worth_looking_at(path: str) -> None:
    assert not patterns.worth(path, "page=2&sort=-created&q=two+words", BROWSER)


@pytest.mark.parametrize("path", PROBES)
def test_paths_that_scanners_ask_for_are_known(path: str) -> None:
    assert patterns.is_probe(path)


@pytest.mark.parametrize(
    "path", ["/environment/", "/.well-known/security.txt", "/git/config-guide", "/docs/env/", "/wp-json-docs/", "/"]
)
def test_paths_that_people_ask_for_are_no_probes(path: str) -> None:
    assert not patterns.is_probe(path)


def test_in_a_search_a_pattern_says_less() -> None:
    (there,) = patterns.hits("/", "id=1'+UNION+SELECT+1,2--", "")
    (here,) = patterns.hits("/", "q=1'+UNION+SELECT+1,2--", "")
    assert here.weight == pytest.approx(there.weight * patterns.FREE_TEXT)


def test_texts_are_bounded() -> None:
    assert patterns.hits("/", "id=" + "a" * patterns.MAX_TEXT + "'+UNION+SELECT+1", "") == []
    fields = "&".join(f"a{number}=b" for number in range(patterns.MAX_FIELDS))
    assert patterns.hits("/", fields + "&id=1'+UNION+SELECT+1", "") == []
    assert all(len(hit.fragment) <= patterns.MAX_FRAGMENT for one in ATTACKS["script"] for hit in patterns.hits(*one))


@pytest.mark.parametrize("text", ["%", "%zz", "%00%ff", "\ud800", "&&&===", "a" * 9_000, "%25" * 3_000, "'" * 5_000])
def test_whatever_is_sent_is_survived(text: str) -> None:
    patterns.worth(text, text, text)
    patterns.hits(text, text, text)


_EXPRESSIONS = [
    *(pattern.expression for pattern in attacks.PATTERNS),
    *(attacks.PROBES, patterns._RAW, patterns._WORTH, patterns._AGENT, patterns._COMMENT, patterns._ASSET),
]


@pytest.mark.parametrize("expression", _EXPRESSIONS, ids=lambda one: one.pattern[:30])
def test_no_expression_repeats_without_bound_or_a_repetition_inside_of_another(expression: re.Pattern[str]) -> None:
    bounds = list(_repetitions(parser.parse(expression.pattern), inside=False))
    assert max(bounds, default=0) <= patterns.MAX_FIELDS * 4


def _repetitions(parsed: Any, *, inside: bool) -> Iterator[int]:
    """Yield the bounds of all repetitions, having looked at each; something that may be missing is none."""
    for code, value in parsed:
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            _least, most, inner = value
            assert most != codes.MAXREPEAT, "a repetition without a bound"
            assert most <= 1 or not inside, "a repetition inside of another one"
            yield most
            yield from _repetitions(inner, inside=inside or most > 1)
        elif code is codes.SUBPATTERN:
            yield from _repetitions(value[-1], inside=inside)
        elif code is codes.BRANCH:
            for one in value[1]:
                yield from _repetitions(one, inside=inside)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_gaps_are_not_given_back(pattern: Pattern) -> None:
    """Several in a row, each giving back what it took, made one text of 2 kB cost most of a second."""
    assert re.findall(r"(?:\\s|\[\\s\+\]|\\W|\[\\W\\d\]|\[\^a-z\])\{\d+,\d+\}(?!\+)", pattern.expression.pattern) == []


def test_texts_are_matched_for_so_long_in_one_gathering_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "MOST_SPENT", 1)
    for number in range(5):
        visits.note("203.0.113.7", None, 404, f"/p{number}", "x=' union select 1 from a")
    events = visits.gather()
    assert sum(isinstance(event, Entry) for event in events) == 1
    assert [event.value for event in events if isinstance(event, Counter)] == [4.0]


def test_what_is_kept_of_a_request_is_bounded() -> None:
    visits.forget()
    visits.note("203.0.113.7", "x" * 9_000, 200, "/" + "p" * 9_000, "q" * 9_000, "Bearer " + "t" * 9_000, "a" * 9_000)
    (kept,) = visits._notes
    assert max(len(part) for part in kept if isinstance(part, str)) <= 2_048
    visits.forget()


def test_one_request_is_one_piece_of_evidence() -> None:
    visits.forget()
    query = "a=x%27+union+select+1+from+b&c=%3Cscript%3Ealert(1)%3C/script%3E&d=;cat+/etc/passwd"
    visits.note("203.0.113.7", None, 404, "/x", query)
    assert sum(isinstance(event, Entry) for event in visits.gather()) == 1


def test_what_stands_under_the_name_of_a_secret_is_not_told() -> None:
    (hit,) = patterns.hits("/login", "password=hunter2%27--", "")
    assert "hunter2" not in hit.fragment

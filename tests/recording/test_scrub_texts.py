"""Free texts leave the process without secrets, and as readable as before."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitoring.conf import problems
from monitoring.recording import scrub
from tests.properties import MANY

CORPUS = Path(__file__).parent / "corpus"
MARKED = re.compile("⟦(.*?)⟧", re.DOTALL)


def lines(name: str) -> Iterator[str]:
    for line in (CORPUS / name).read_text().splitlines():
        if line and not line.startswith(("#", "==")):
            yield line.replace("·", "").replace("\\n", "\n")


PLANTED, READABLE = list(lines("planted.txt")), list(lines("readable.txt"))


@pytest.mark.parametrize("marked", PLANTED)
def test_what_is_planted_is_filtered_and_the_rest_stays(marked: str) -> None:
    planted = re.sub("[⟦⟧]", "", marked)
    assert scrub.text(planted) == MARKED.sub(lambda found: scrub.FILTERED if found[1] else "", marked)


@pytest.mark.parametrize("text", READABLE)
def test_what_only_speaks_of_secrets_stays(text: str) -> None:
    assert scrub.text(text) == text


WRITTEN: list[Callable[[str], str]] = [
    str,
    repr,
    json.dumps,
    lambda text: repr(ValueError(text)),
    lambda text: repr([text, 1]),
]
WRITTEN += [
    lambda text: repr(text.encode()),
    lambda text: repr({"detail": text}),
    lambda text: text.replace("\n", "\\n"),
]


@given(
    st.sampled_from([marked for marked in PLANTED if not marked.startswith("cut")]),
    st.sampled_from(["", *READABLE]),
    st.sampled_from(["", *READABLE]),
    st.sampled_from([" ", "\n", ", ", "; ", ": ", " - "]),
    st.sampled_from(WRITTEN),
)
@settings(MANY, max_examples=300)
def test_what_is_planted_is_found_in_any_surroundings(
    marked: str, before: str, after: str, between: str, write: Callable[[str], str]
) -> None:
    shown = scrub.text(write(between.join([before, re.sub("[⟦⟧]", "", marked), after])), 3_000)
    known = before + after + MARKED.sub("", marked)
    for secret in MARKED.findall(marked):
        for part in re.findall(r"[\w!$]{4,}", secret):
            assert part in known or part not in shown


SIGNS = """ = : ' " \\ ( [ { } < @ / :// -- %3D , ; & password token cookie: digest bearer eyJ AKIA 4111 é [filt """
FRAGMENTS = st.sampled_from([*PLANTED, *READABLE, *SIGNS.split(), " ", "\n", "\0", "\ud800"])
anything = st.lists(FRAGMENTS | st.text(max_size=5), max_size=12).map("".join)


@given(anything)
@MANY
@example("x" * 5_000)
@example("jane@example.com: mailbox unavailable")
def test_texts_are_bounded_storable_and_filtered_but_once(text: str) -> None:
    shown = scrub.text(text)
    assert len(shown) <= 1_000
    assert "\0" not in shown
    shown.encode()
    if len(shown) < 900:  # what a limit cuts off may be what told a remark from a secret
        assert scrub.text(shown) == shown


@given(anything, st.integers(1, 300))
@MANY
def test_a_secret_is_known_though_the_limit_falls_into_it(text: str, limit: int) -> None:
    secret = "hunter2isthesecret"
    for form in (f"password={secret}", f"postgres://user:{secret}@db/x", f"'token': '{secret}'"):
        assert secret[:8] not in scrub.text("x" * limit + f" {form} {text}", limit + 15)


def test_what_a_limit_cuts_in_its_middle_is_left_out() -> None:
    shown = scrub.text(f"password={'x' * 80} " * 50, 1_000)
    assert set(shown.split(" ")) == {"password=[filtered]"}


REPEATED = """= ' 'a password=' password=[ :// http://a: a@ a. -D -eyJ- (' -- <a> %3D 'password':[ -----BEGIN"""


REPEATED += """ %22a%22%3A%22 %22password%22%3A%22 /reset /reset/a/ /a /reset/aaaaaaaaaaaaaaaaaaa. "name":"a","value":
    1\\xa0 4111. jdbc:oracle:thin:a/ jdbc:oracle:thin:a@ BasicAuth('a', %40"""
SPACED = [
    "a=b ",
    "1 ",
    "4111 ",
    "A1 ",
    "Bearer =/",
    "cookie: ",
    "--a ",
    "curl ",
    "curl -u ",
    "sshpass ",
    " -p",
    "mysql -p ",
]
SPACED += ["<a name='a' ", "<a name='a' value='b' ", "auth: a ", "4\xa0"]


@pytest.mark.parametrize("part", [*REPEATED.split(), *SPACED])
def test_a_pattern_that_begins_everywhere_in_a_long_text_is_looked_through(part: str) -> None:
    """Milliseconds, where a pattern that goes back would take minutes."""
    text = (part * 60_000)[:60_000]
    assert 0 < len(scrub.text(text, len(text))) <= len(text)


@pytest.mark.parametrize("name", ["licence", "Licence", "user.licence", "user[licence]", "plate_number", "plateNumber"])
def test_names_of_the_operator_are_denied_in_mappings_and_texts(name: str, settings: Any) -> None:
    assert scrub.mapping({name: "planted"}) == {name: "planted"}
    assert scrub.text(f"{name}=planted") == f"{name}=planted"
    settings.MONITORING = {**settings.MONITORING, "SCRUB_KEYS": ["LICENCE", "*_number"]}
    assert scrub.mapping({name: "planted", "licences": 5}) == {name: scrub.FILTERED, "licences": 5}
    assert scrub.text(f"{name}=planted, licences=5") == f"{name}=[filtered], licences=5"


@pytest.mark.parametrize("keys", ["licence", ["*"], [""], [5], ["x" * 101]])
def test_names_of_another_form_are_told_at_the_start(keys: Any) -> None:
    assert problems({"SCRUB_KEYS": keys}) == [
        'MONITORING[\'SCRUB_KEYS\'] must be a list of names or patterns, like ["licence", "*_number"].'
    ]


def test_source_code_shows_expressions_but_no_literals() -> None:
    assert scrub.source('password = request.POST["password"]') == 'password = request.POST["password"]'
    assert scrub.source('def f(token: str = "abc"):') == 'def f(token: str = "[filtered]"):'
    assert scrub.source('API_KEY = "abc123"  # for now') == 'API_KEY = "[filtered]"  # for now'


def test_source_code_shows_no_passwords_of_commands() -> None:
    assert scrub.source('run("sshpass -p hunter2 ssh host")') == 'run("sshpass -p [filtered] ssh host")'
    assert scrub.source('HTTPBasicAuth("admin", "hunter2")') == 'HTTPBasicAuth("admin", "[filtered]")'
    assert scrub.source("HTTPBasicAuth(user, password)") == "HTTPBasicAuth(user, password)"


def test_users_stay_apart_whatever_they_are_known_by() -> None:
    assert [scrub.person(user) for user in ("17", "", "bob")] == ["17", "", "bob"]
    jane, joe = scrub.person("jane@example.com"), scrub.person("joe@example.com")
    assert jane != joe
    assert jane == scrub.person("jane@example.com")
    assert "jane" not in jane


def test_names_and_ids_are_only_made_storable() -> None:
    assert scrub.clean("celery@jane.example.com\0\ud800é", 30) == "celery@jane.example.com\ufffd?é"

"""What leaves the process is plain, bounded, and without secrets."""

from __future__ import annotations

import enum
import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import pytest
from django.utils.functional import SimpleLazyObject
from hypothesis import given
from hypothesis import strategies as st

from monitoring.recording import scrub
from tests.properties import FEW


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "PASSWORD2",
        "user_passphrase",
        "api_key",
        "apikey",
        "Authorization",
        "Cookie",
        "sessionid",
        "csrfmiddlewaretoken",
        "secret_key",
        "card_number",
        "CVV",
        "iban",
        "email",
        "phone",
        "X-Signature",
        "pass",
        "db_pass",
        "PassWord1",
        "pass_word",
        "pw",
    ],
)
def test_what_stands_under_a_secret_key_is_filtered(key: str) -> None:
    assert scrub.mapping({"outer": {key: "value"}}) == {"outer": {key: scrub.FILTERED}}


@pytest.mark.parametrize(
    "key",
    [
        "author",
        "path",
        "status",
        "design_id",
        "passenger",
        "cardinality",
        "className",
        "secretary",
        "tokenizer",
        "compass",
        "low_pass",
        "pass_rate",
        "session_timeout",
        "session_timeout_seconds",
        "EMAIL_BACKEND",
        "X-Token-Count",
        "private_ip",
        "passwords.py",
    ],
)
def test_ordinary_keys_stay(key: str) -> None:
    assert scrub.mapping({key: "value"}) == {key: "value"}


def test_the_value_of_a_pair_that_names_a_secret_is_filtered() -> None:
    fields = [{"name": "password", "value": "x"}, {"name": "colour", "value": "red"}, {"name": "password"}]
    assert scrub.value(fields) == [{**fields[0], "value": scrub.FILTERED}, *fields[1:]]


def test_credentials_inside_of_an_address_are_hidden() -> None:
    text = scrub.text("cannot connect to postgres://user:pa55@db:5432/shop")
    assert text == f"cannot connect to postgres://{scrub.FILTERED}@db:5432/shop"


def test_objects_are_not_asked_what_they_are() -> None:
    class QuerySet:
        def __str__(self) -> str:
            raise AssertionError("this would have queried the database")

        __repr__ = __str__

    assert "QuerySet" in scrub.value(QuerySet())


def test_values_of_well_known_types_keep_their_text() -> None:
    number = uuid.UUID(int=5)
    values = {"a": number, "b": Decimal("1.5"), "c": datetime(2026, 1, 2, tzinfo=UTC), "d": PurePosixPath("/x")}
    assert scrub.mapping(values) == {
        "a": str(number),
        "b": "1.5",
        "c": "2026-01-02 00:00:00+00:00",
        "d": "/x",
    }


def test_lazy_objects_are_not_loaded() -> None:
    loaded: list[int] = []
    lazy = SimpleLazyObject(lambda: loaded.append(1))
    assert scrub.mapping({"user": lazy, "users": [lazy]}) == {
        "user": "<SimpleLazyObject>",
        "users": ["<SimpleLazyObject>"],
    }
    assert not loaded


class Shop(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise OSError

    def __iter__(self) -> Iterator[str]:
        return iter(["open"])

    def __len__(self) -> int:
        return 1


def test_what_cannot_be_read_is_named() -> None:
    class Broken(PurePosixPath):
        def __str__(self) -> str:
            raise OSError

    assert scrub.value({"shop": Shop(), "path": Broken()})["shop"] == {"<unreadable>": "<Shop>"}
    assert scrub.value(Broken()).endswith("Broken>")


def test_keys_of_any_kind_become_texts() -> None:
    values = {1: "a", None: "b", (1, 2): "d", b"token": "e", object(): "f"}
    assert scrub.mapping(values) == {"1": "a", "None": "b", "<tuple>": "d", "<bytes>": "e", "<object>": "f"}


def test_members_of_enums_are_told_by_their_plain_values() -> None:
    class State(enum.StrEnum):
        OPEN = "open"

    class Other(enum.Enum):
        ONE = ()

    assert scrub.value([State.OPEN, Other.ONE]) == ["open", "Other.ONE"]


@pytest.mark.parametrize(
    ("item", "copied"),
    [
        (("token", "planted"), ["token", scrub.FILTERED]),
        (
            [["Authorization", "Bearer planted"], ["Accept", "*/*"]],
            [["Authorization", scrub.FILTERED], ["Accept", "*/*"]],
        ),
        (["tool", "--password", "planted", "-v"], ["tool", "--password", scrub.FILTERED, "-v"]),
        (["tool", "--password=planted"], ["tool", f"--password={scrub.FILTERED}"]),
        (["--token", "--verbose"], ["--token", "--verbose"]),
        (["email", "phone"], ["email", "phone"]),
        (["password", "name", "age"], ["password", "name", "age"]),
    ],
)
def test_lists_are_read_for_names_and_their_values(item: Any, copied: Any) -> None:
    assert scrub.value(item) == copied


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda children: st.lists(children) | st.dictionaries(st.text() | st.integers(), children),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), anything))
@FEW
def test_whatever_comes_in_goes_out_as_json_that_a_database_can_store(values: dict[str, Any]) -> None:
    text = json.dumps(scrub.mapping(values), allow_nan=False)
    assert "\\u0000" not in text
    text.encode("utf-8")


def test_depth_length_and_number_are_bounded() -> None:
    deep: Any = "end"
    for _ in range(100):
        deep = {"x": deep}
    wide = {str(number): "v" * 10_000 for number in range(1_000)}
    assert len(json.dumps(scrub.mapping({"deep": deep}))) < 1_000
    assert len(json.dumps(scrub.mapping(wide))) < 60_000


@pytest.mark.django_db
def test_a_row_is_told_by_its_class_and_key_without_a_query(
    django_user_model: Any, django_assert_num_queries: Any
) -> None:
    user = django_user_model.objects.create_user("ann")
    deferred = django_user_model.objects.defer("username").get()
    with django_assert_num_queries(0):
        assert scrub.value([user, deferred, django_user_model()]) == [
            f"<User {user.pk}>",
            f"<User {user.pk}>",
            "<User>",
        ]
